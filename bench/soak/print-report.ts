/** A soak's report, for people. */
import type { FaultCounts } from "./faults.js";

/** What it holds. */
export interface SoakReport {
  readonly minutes: number;
  readonly seed: string;
  readonly sessions: number;
  readonly steps: number;
  /** How sessions of free play ended before they were played, by reason. */
  readonly sessions_ended: Readonly<Record<string, number>>;
  readonly faults: FaultCounts;
  /** Trials that clients were told to be durable, and those of them that are in the log as they were played. */
  readonly acknowledged: number;
  readonly found: number;
  readonly episodes: number;
  readonly tournaments: number;
  readonly tournaments_resumed: number;
  readonly forfeits: number;
  readonly collections: number;
  readonly collections_begun_again: number;
  readonly labels: number;
  readonly labels_resumed: number;
  readonly reads: number;
  readonly reads_failed: number;
  readonly pages: number;
  /** Of the server that lived, in MB: after a fifth of the time, and at the end; its garbage collected, and as it was. */
  readonly memory_mb: {
    readonly warm: number;
    readonly end: number;
    readonly judged: boolean;
    readonly with_garbage: { readonly warm: number; readonly end: number };
  };
  readonly wrong: readonly string[];
}

/** Prints it. */
export function printReport(report: SoakReport): void {
  const { faults, memory_mb } = report;
  const { warm, end, judged, with_garbage } = memory_mb;
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([what, count]) => `${count} x ${what}`)
      .join(", ") || "none";
  console.log(`${report.minutes} minutes, seed ${report.seed}: ${report.sessions} sessions, ${report.steps} steps`);
  console.log(
    `  faults: ${counted(faults)}; sessions of free play that ended early: ${counted(report.sessions_ended)}`,
  );
  console.log(
    `  trials acknowledged: ${report.acknowledged}, found again: ${report.found}, of ${report.episodes} episodes in the logs`,
  );
  console.log(
    `  ${report.tournaments} tournaments (begun again ${report.tournaments_resumed} times, ${report.forfeits} trials forfeited), ${report.collections} collections (${report.collections_begun_again}), ${report.labels} labels (${report.labels_resumed})`,
  );
  console.log(`  ${report.reads} reads, ${report.reads_failed} of them failed, ${report.pages} documents of the page`);
  const change = ((end / warm - 1) * 100).toFixed(1);
  const grew = judged
    ? `${warm.toFixed(0)} MB warm, ${end.toFixed(0)} MB at the end: ${change} %`
    : "not judged of so short a run";
  console.log(
    `  memory of the server that lived: ${grew}; with its garbage ${with_garbage.warm.toFixed(0)} and ${with_garbage.end.toFixed(0)} MB`,
  );
  console.log(report.wrong.length === 0 ? "  nothing was wrong" : `  WRONG:\n    ${report.wrong.join("\n    ")}`);
}
