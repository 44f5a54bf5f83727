/** The main thread's end of the label worker. */
import { Worker } from "node:worker_threads";
import type { LabelledShard } from "./label-file.js";
import type { LabelOutcome } from "./label-worker.js";

/** Writes label shards in the background, in order. */
export interface LabelWriter {
  /**
   * Resolves once the shard is durable. Takes the memory of its arrays.
   * @throws Error with the system's text if it cannot be written
   */
  write(shard: LabelledShard): Promise<void>;
  /** Stops it; what is being written is given up. */
  close(): void;
}

/** Starts one. */
export function openLabelWriter(): LabelWriter {
  const worker = new Worker(new URL("./label-worker.js", import.meta.url));
  worker.unref();
  /** Those who wait, the first for the shard that is being written. */
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  worker.on("message", ({ error }: LabelOutcome) => {
    const first = waiting.shift();
    if (error === undefined) first?.resolve();
    else first?.reject(new Error(error));
  });
  worker.on("error", (error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  return {
    write(shard) {
      const { actions, probabilities } = shard;
      worker.postMessage(shard, [actions.buffer as ArrayBuffer, probabilities.buffer as ArrayBuffer]);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    close: () => void worker.terminate(),
  };
}
