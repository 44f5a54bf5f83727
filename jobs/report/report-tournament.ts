/** Reports a tournament that was played: what `icrl tournament report` does. */
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { LOG, REPORT, RESULTS, TOURNAMENT } from "../../datasets/output/output-kinds.js";
import type { TournamentStatistics } from "../../statistics/tournament-statistics.js";
import type { JobListener } from "../listener.js";
import { fixedNumber } from "./numbers.js";
import { requireResults } from "./require-results.js";

/** What is reported, and where. */
export interface ReportPlan {
  /** Folder that holds results.json and trials.parquet. */
  readonly dir: string;
  /** Folder of the report; it may be the same. */
  readonly out: string;
  /** Resamples behind each interval. */
  readonly resamples: number;
}

/**
 * Writes the report, in place of an earlier one. Pictures are what is counted.
 *
 * @returns what statistics.json holds
 * @throws what is wrong with the results, OUTPUT_EXISTS; the signal's reason once it is aborted
 */
export async function reportTournament(
  { dir, out, resamples }: ReportPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<TournamentStatistics> {
  requireResults(dir); // this fails before anything is said
  claimReport(dir, out);
  listener.doing(`reading ${dir}`);
  const [{ readTournament }, { tournamentStatistics }, { runInSlices }, { writeReport }] = await Promise.all([
    import("./read-tournament.js"), // DuckDB
    import("../../statistics/tournament-statistics.js"),
    import("../../common/slices.js"),
    import("./write-report.js"), // Vega
  ]);
  const { results, tasks } = await readTournament(dir);
  const seed = BigInt(results.tournament.seed);
  listener.doing(`resampling the trials ${fixedNumber(resamples, 0)} times`);
  const statistics = await runInSlices(tournamentStatistics(tasks, { resamples, seed }), async () => {
    await nextTurn();
    signal.throwIfAborted();
  });
  listener.doing("drawing the pictures");
  await writeReport(results, statistics, out, (done, total) => {
    signal.throwIfAborted();
    listener.update([{ name: "", done, total }]);
  });
  return statistics;
}

/** A report's place is of its own, or the folder of its tournament. @throws OUTPUT_EXISTS */
function claimReport(dir: string, out: string): void {
  const beside = resolve(dir) === resolve(out) ? [RESULTS, TOURNAMENT, LOG] : [];
  claimOutput(out, { own: [REPORT], beside, into: beside });
}
