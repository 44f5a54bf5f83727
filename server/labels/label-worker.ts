/** The thread that writes label shards, so that Parquet never holds up a step. One at a time. */
import { parentPort } from "node:worker_threads";
import { type LabelledShard, writeLabelFile } from "./label-file.js";

/** What came of a shard: undefined when it is in its place. */
export interface LabelOutcome {
  readonly error: string | undefined;
}

const port = parentPort;
if (port === null) throw new Error("label-worker.js runs as a worker thread");
port.on("message", (shard: LabelledShard) => {
  let error: string | undefined;
  try {
    writeLabelFile(shard);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  port.postMessage({ error } satisfies LabelOutcome);
});
