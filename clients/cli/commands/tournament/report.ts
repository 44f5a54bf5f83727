import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Command } from "commander";
import { claimOutput } from "../../../../datasets/output/claim-output.js";
import { LOG, REPORT, TOURNAMENT } from "../../../../datasets/output/output-kinds.js";
import { DEFAULT_RESAMPLES } from "../../../../server/tournaments/statistics/resampling.js";
import { printJson } from "../../print/json.js";
import { fixedNumber } from "../../print/numbers.js";
import { paintFor } from "../../print/paint.js";
import { createProgress } from "../../print/progress.js";
import { printText } from "../../print/terminal.js";
import { wholeNumber } from "../arguments.js";

interface ReportFlags {
  out?: string;
  resamples: number;
  json?: boolean;
}

/** `icrl tournament report DIR`. */
export function reportCommand(): Command {
  return new Command("report")
    .description(
      "Report a tournament that was played: report.html (one file), report.md, statistics.json and pictures/ as SVG and PNG. An earlier report is replaced.",
    )
    .argument("<dir>", "folder that `icrl tournament run` has written: results.json and trials.parquet")
    .option("--out <dir>", "folder of the report (default: the tournament's)")
    .option("--resamples <n>", "resamples behind each interval", wholeNumber(100), DEFAULT_RESAMPLES)
    .option("--json", "print what statistics.json holds")
    .action(report);
}

async function report(dir: string, { out = dir, resamples, json }: ReportFlags): Promise<void> {
  const startedAt = performance.now();
  claimReport(dir, out);
  const [{ readTournament }, { tournamentStatistics }, { runInSlices }, { writeReport }] = await Promise.all([
    import("../../report/read-tournament.js"), // DuckDB
    import("../../../../server/tournaments/statistics/tournament-statistics.js"),
    import("../../../../server/tournaments/statistics/slices.js"),
    import("../../report/write-report.js"), // Vega
  ]);
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    units: "pictures",
    paint: paintFor(process.stderr, process.env),
  });
  const { results, tasks } = await readTournament(dir);
  const seed = BigInt(results.tournament.seed);
  progress.say(`resampling the trials ${fixedNumber(resamples, 0)} times`);
  const statistics = await runInSlices(tournamentStatistics(tasks, { resamples, seed }), nextTurn);
  await writeReport(results, statistics, out, (done, total) => progress.update([{ name: "", done, total }]));
  progress.finish();
  if (json) printJson(process.stdout, statistics);
  else printText(process.stdout, summary(out, (performance.now() - startedAt) / 1000));
}

/** A report's place is of its own, or the folder of its tournament. @throws OUTPUT_EXISTS */
function claimReport(dir: string, out: string): void {
  const beside = resolve(dir) === resolve(out) ? [TOURNAMENT, LOG] : [];
  claimOutput(out, { own: [REPORT], beside, into: beside });
}

function summary(out: string, seconds: number): string {
  return [
    `report      ${join(out, "report.html")}, ${join(out, "report.md")}`,
    `statistics  ${join(out, "statistics.json")}`,
    `pictures    ${join(out, "pictures")}/*.svg, *.png`,
    `took ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}
