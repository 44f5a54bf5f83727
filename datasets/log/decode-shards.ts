/** Decoding Parquet files in a thread of its own, one step ahead of whoever reads. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import type { ShardOutcome, ShardRequest } from "./shard-reader-worker.js";

/**
 * Arrow IPC streams of groups of files, in order; a group is what belongs together, a shard and its labels say. While one group is
 * used the next is decoded: two are in memory. A consumer that breaks off ends the thread.
 *
 * @throws LOG_CORRUPT if a file cannot be read
 */
export async function* decodeShards(
  groups: Iterable<readonly ShardRequest[]>,
): AsyncGenerator<readonly Uint8Array<ArrayBuffer>[]> {
  const waiting = groups[Symbol.iterator]();
  let worker: Worker | undefined;
  const decodeNext = (): Promise<ShardOutcome> | undefined => {
    const { value, done } = waiting.next();
    if (done === true) return undefined;
    worker ??= new Worker(new URL("./shard-reader-worker.js", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    worker.postMessage(value);
    return once(worker, "message").then(
      ([message]) => message as ShardOutcome,
      (error: Error): ShardOutcome => ({ path: value[0].path, error: error.message }), // the thread did not survive it
    );
  };
  try {
    for (let next = decodeNext(); next !== undefined; ) {
      const outcome = await next;
      if ("error" in outcome) {
        throw new IcrlError(
          "LOG_CORRUPT",
          `${outcome.path} cannot be read (${outcome.error}): restore it from a backup`,
          { file: outcome.path },
        );
      }
      next = decodeNext();
      yield outcome.streams;
    }
  } finally {
    await worker?.terminate();
  }
}
