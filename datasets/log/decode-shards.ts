/** Decoding Parquet files in a thread of its own, one step ahead of whoever reads. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import type { ShardOutcome, ShardRequest } from "./shard-reader-worker.js";

/** Most memory of the decoder, in bytes, with which a thread that nobody reads by is kept: it never shrinks. */
const KEPT_BYTES = 64 << 20;

/** The thread of a reading that has come to its end, for the next one: starting one takes longer than decoding most shards. */
let idle: Worker | undefined;

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
    worker ??= takeThread();
    worker.postMessage(value);
    return once(worker, "message").then(
      ([message]) => message as ShardOutcome,
      (error: Error): ShardOutcome => ({ path: value[0].path, error: error.message }), // the thread did not survive it
    );
  };
  let memory = Number.POSITIVE_INFINITY; // until all is read
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
      if (next === undefined) memory = outcome.memory;
    }
  } finally {
    if (worker !== undefined) await leaveThread(worker, memory);
  }
}

function takeThread(): Worker {
  const taken = idle;
  idle = undefined;
  if (taken !== undefined) {
    taken.ref();
    return taken;
  }
  const started = new Worker(new URL("./shard-reader-worker.js", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  started.on("error", () => {}); // whoever waits is told
  started.on("exit", () => {
    if (idle === started) idle = undefined;
  });
  return started;
}

async function leaveThread(worker: Worker, memory: number): Promise<void> {
  if (idle !== undefined || memory > KEPT_BYTES) {
    await worker.terminate();
    return;
  }
  worker.unref();
  idle = worker;
}
