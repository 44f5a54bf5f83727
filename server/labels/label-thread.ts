/** The main thread's end of the label worker. */
import { Worker } from "node:worker_threads";
import { BUFFER_THREAD_LIMITS } from "../../common/thread-limits.js";
import type { LabelledShard } from "./label-file.js";
import type { LabelJob, LabelOutcome } from "./label-worker.js";
import type { RecordedShard } from "./recorded-shard.js";

/** Reads shards and writes labels in the background, in the order asked for. */
export interface LabelThread {
  /** Reads the shard at a path. @throws Error with the reader's text if it cannot be read */
  read(path: string): Promise<RecordedShard>;
  /**
   * Resolves once the labels are durable. Takes the memory of what was collected.
   * @throws Error with the system's text if they cannot be written
   */
  write(shard: LabelledShard): Promise<void>;
  /** Stops it; nobody is told of what is under way. */
  close(): void;
}

/** Starts one. */
export function startLabelThread(): LabelThread {
  const worker = new Worker(new URL("./label-worker.js", import.meta.url), { resourceLimits: BUFFER_THREAD_LIMITS });
  worker.unref();
  /** Those who wait, the first for the job that is being done. */
  const waiting: { resolve(outcome: LabelOutcome): void; reject(error: Error): void }[] = [];
  worker.on("message", (outcome: LabelOutcome) => waiting.shift()?.resolve(outcome));
  worker.on("error", (error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });

  async function run(job: LabelJob, transfer: ArrayBuffer[]): Promise<RecordedShard | undefined> {
    const outcome = await new Promise<LabelOutcome>((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage(job, transfer);
    });
    if ("error" in outcome) throw new Error(outcome.error);
    return outcome.recorded;
  }

  return {
    read: async (path) => (await run({ read: path }, [])) as RecordedShard,
    async write(shard) {
      await run({ write: shard }, [shard.labels.actions.buffer, shard.labels.probabilities.buffer]);
    },
    close: () => void worker.terminate(),
  };
}
