import { join } from "node:path";
import { Command } from "commander";
import { reportTournament } from "../../../jobs/report/report-tournament.js";
import { DEFAULT_RESAMPLES } from "../../../statistics/resampling.js";
import type { TournamentStatistics } from "../../../statistics/tournament-statistics.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
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
  const progress = commandProgress({ units: "pictures" });
  let statistics: TournamentStatistics;
  try {
    statistics = await stoppable((signal) => reportTournament({ dir, out, resamples }, progress, signal));
  } finally {
    progress.finish();
  }
  printerFor({ json }).print(statistics, () => summary(out, (performance.now() - startedAt) / 1000));
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
