/** The thread that rolls segments into shards, so that Parquet never holds up a step. One job at a time. */
import { parentPort } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import { compactShards } from "./compact.js";
import { type LogWriter, type RollResult, rollSegment } from "./roll.js";

/** A job of the log in `dir`, for its writer: a segment, or the joining of tiny shards. */
export type RollJob = { readonly dir: string; readonly writer: LogWriter } & (
  | { readonly roll: SegmentFile }
  | { readonly compact: true }
);

/** Its outcome. `code` is the system's error code where the file system failed, LOG_LOCKED where another has taken the log. */
export type RollOutcome =
  | { readonly result: RollResult }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };

const port = parentPort;
if (port === null) throw new Error("roll-worker.js runs as a worker thread");
port.on("message", async (job: RollJob) => {
  const { dir, writer } = job;
  let outcome: RollOutcome;
  try {
    if ("roll" in job) outcome = { result: await rollSegment(dir, job.roll, writer) };
    else outcome = { result: { rows: 0, bytes: await compactShards(dir, writer), damagedBytes: 0 } };
  } catch (error) {
    const { message } = error as Error;
    const code = error instanceof IcrlError ? error.reason : (error as NodeJS.ErrnoException).code;
    outcome = { error: { message, code } };
  }
  port.postMessage(outcome);
});
