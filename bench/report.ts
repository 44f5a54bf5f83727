/**
 * What a tournament's report costs: `npm run bench:report [-- DIR] [-- --agents N] [-- --tasks N] [-- --trials N] [-- --resamples N] [-- --json]`.
 *
 * The parts of `icrl tournament report`, once each, in a process of their own: reading results.json and trials.parquet, the statistics,
 * and drawing and writing, with their CPU time, which does not depend on the machine's neighbours as much, and the most memory that the process ever
 * held. Of the tournament in DIR, or of one that is made up: 20
 * entrants on 10 tasks with 1,000 trials, if nothing else is said.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runAtOnce } from "../common/slices.js";
import { readTournament } from "../jobs/report/read-tournament.js";
import { writeReport } from "../jobs/report/write-report.js";
import { tournamentStatistics } from "../statistics/tournament-statistics.js";
import { benchFlags } from "./bench-flags.js";
import { writeMadeUpTournament } from "./made-up-tournament.js";

const { values: flags, positionals } = benchFlags(
  "bench:report",
  {
    agents: { type: "string", default: "20" },
    tasks: { type: "string", default: "10" },
    trials: { type: "string", default: "1000" },
    resamples: { type: "string", default: "2000" },
    json: { type: "boolean", default: false },
  },
  "[DIR]",
);

if (positionals.length > 0) await measure(positionals[0]);
else {
  const dir = mkdtempSync(join(tmpdir(), "icrl-report-"));
  try {
    const { agents, tasks, trials } = flags;
    writeMadeUpTournament(dir, { agents: Number(agents), tasks: Number(tasks), trials: Number(trials) });
    const args = [fileURLToPath(import.meta.url), dir, "--resamples", String(flags.resamples)];
    const { status } = spawnSync(process.execPath, flags.json ? [...args, "--json"] : args, { stdio: "inherit" });
    process.exitCode = status ?? 1;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function measure(dir: string): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), "icrl-report-out-"));
  const parts: { part: string; seconds: number; cpu_seconds: number }[] = [];
  const timed = async <T>(part: string, work: () => T | Promise<T>): Promise<T> => {
    const [start, cpuStart] = [performance.now(), process.cpuUsage()];
    const result = await work();
    const { user, system } = process.cpuUsage(cpuStart);
    parts.push({ part, seconds: (performance.now() - start) / 1000, cpu_seconds: (user + system) / 1e6 });
    return result;
  };
  try {
    const { results, tasks } = await timed("read", () => readTournament(dir));
    const options = { resamples: Number(flags.resamples), seed: BigInt(results.tournament.seed) };
    const statistics = await timed("statistics", () => runAtOnce(tournamentStatistics(tasks, options)));
    await timed("draw and write", () => writeReport(results, statistics, out));
    const report = {
      agents: results.tournament.agents.length,
      tasks: results.tasks.length,
      trials: results.tournament.trials,
      resamples: options.resamples,
      parts,
      peak_mib: process.resourceUsage().maxRSS / 1024,
    };
    if (flags.json) console.log(JSON.stringify(report, undefined, 2));
    else {
      console.log(
        `${report.agents} entrants, ${report.tasks} tasks, ${report.trials} trials, ${report.resamples} resamples`,
      );
      for (const { part, seconds, cpu_seconds } of parts) {
        console.log(
          `${part.padEnd(16)}${seconds.toFixed(2).padStart(8)} s, CPU${cpu_seconds.toFixed(2).padStart(8)} s`,
        );
      }
      console.log(`${"peak memory".padEnd(16)}${report.peak_mib.toFixed(0).padStart(8)} MiB`);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
}
