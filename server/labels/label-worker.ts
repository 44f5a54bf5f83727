/** The thread that reads shards and writes their labels, so that Parquet never holds up a step. One job at a time. */
import { parentPort } from "node:worker_threads";
import { type LabelledShard, writeLabelFile } from "./label-file.js";
import { buffersOf, type RecordedShard, readRecordedShard } from "./recorded-shard.js";

/** A job: a data shard to be read, by its path, or labels to be written. */
export type LabelJob = { readonly read: string } | { readonly write: LabelledShard };

/** Its outcome. */
export type LabelOutcome = { readonly recorded?: RecordedShard } | { readonly error: string };

const port = parentPort;
if (port === null) throw new Error("label-worker.js runs as a worker thread");
let before = Promise.resolve();
port.on("message", (job: LabelJob) => {
  before = before.then(async () => {
    try {
      if ("write" in job) {
        writeLabelFile(job.write);
        port.postMessage({} satisfies LabelOutcome);
      } else {
        const recorded = await readRecordedShard(job.read);
        port.postMessage({ recorded } satisfies LabelOutcome, buffersOf(recorded));
      }
    } catch (error) {
      port.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies LabelOutcome);
    }
  });
});
