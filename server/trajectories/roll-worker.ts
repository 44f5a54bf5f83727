/** The thread that rolls segments into shards, so that Parquet never holds up a step. One job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import { compactShards } from "./compact.js";
import { type LogWriter, type RollResult, rollSegment } from "./roll.js";

/** What the thread is started with. */
export interface RollWorkerData {
  readonly dir: string;
  readonly writer: LogWriter;
}

/** A job: a segment, or the joining of tiny shards. */
export type RollJob = { readonly roll: SegmentFile } | { readonly compact: true };

/** Its outcome. `code` is the system's error code where the file system failed, LOG_LOCKED where another has taken the log. */
export type RollOutcome =
  | { readonly result: RollResult }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };

const { dir, writer } = workerData as RollWorkerData;
const port = parentPort;
if (port === null) throw new Error("roll-worker.js runs as a worker thread");
port.on("message", (job: RollJob) => {
  let outcome: RollOutcome;
  try {
    if ("roll" in job) outcome = { result: rollSegment(dir, job.roll, writer) };
    else outcome = { result: { rows: 0, bytes: compactShards(dir, writer), damagedBytes: 0 } };
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof IcrlError ? error.reason : (error as NodeJS.ErrnoException).code;
    outcome = { error: { message, code } };
  }
  port.postMessage(outcome);
});
