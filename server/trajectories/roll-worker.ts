/** The thread that rolls segments into shards, so that Parquet never holds up a step. One job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { compactShards } from "./compact.js";
import { type RollResult, rollSegment } from "./roll.js";

/** A job: a segment by its first episode's number, or the joining of tiny shards. */
export type RollJob = { readonly roll: number } | { readonly compact: true };

/** Its outcome. `code` is the system's error code where the file system failed. */
export type RollOutcome =
  | { readonly result: RollResult }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };

const { dir } = workerData as { dir: string };
const port = parentPort;
if (port === null) throw new Error("roll-worker.js runs as a worker thread");
port.on("message", (job: RollJob) => {
  let outcome: RollOutcome;
  try {
    if ("roll" in job) outcome = { result: rollSegment(dir, job.roll) };
    else outcome = { result: { rows: 0, bytes: compactShards(dir), damagedBytes: 0 } };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    outcome = { error: { message, code } };
  }
  port.postMessage(outcome);
});
