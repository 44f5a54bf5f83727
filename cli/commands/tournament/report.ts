import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Command } from "commander";
import { claimOutput } from "../../../datasets/output/claim-output.js";
import { LOG, REPORT, RESULTS, TOURNAMENT } from "../../../datasets/output/output-kinds.js";
import { fixedNumber } from "../../../jobs/report/numbers.js";
import { requireResults } from "../../../jobs/report/require-results.js";
import { DEFAULT_RESAMPLES } from "../../../statistics/resampling.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
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
  requireResults(dir); // this fails before anything is said
  const startedAt = performance.now();
  claimReport(dir, out);
  const statistics = await workProgress({ first: `reading ${dir}`, units: "pictures" }, async ({ doing, update }) => {
    const [{ readTournament }, { tournamentStatistics }, { runInSlices }, { writeReport }] = await Promise.all([
      import("../../../jobs/report/read-tournament.js"), // DuckDB
      import("../../../statistics/tournament-statistics.js"),
      import("../../../statistics/slices.js"),
      import("../../../jobs/report/write-report.js"), // Vega
    ]);
    const { results, tasks } = await readTournament(dir);
    const seed = BigInt(results.tournament.seed);
    doing(`resampling the trials ${fixedNumber(resamples, 0)} times`);
    const computed = await runInSlices(tournamentStatistics(tasks, { resamples, seed }), nextTurn);
    doing("drawing the pictures");
    await writeReport(results, computed, out, update);
    return computed;
  });
  printerFor({ json }).print(statistics, () => summary(out, (performance.now() - startedAt) / 1000));
}

/** A report's place is of its own, or the folder of its tournament. @throws OUTPUT_EXISTS */
function claimReport(dir: string, out: string): void {
  const beside = resolve(dir) === resolve(out) ? [RESULTS, TOURNAMENT, LOG] : [];
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
