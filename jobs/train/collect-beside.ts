/** A dataset that is collected in a thread of its own, while this one computes and hears nobody. */
import { Worker } from "node:worker_threads";
import { ownTaskSources } from "../../server/own-tasks/own-tasks.js";
import type { CollectPlan } from "../collect/collect-dataset.js";
import { errorOf, heardError } from "../processes/told-error.js";
import type { CollectTask } from "./collect-worker.js";

/**
 * Collects it; nobody is told how it goes on.
 *
 * @throws what collecting throws, by its reason; the signal's reason once it is aborted and the thread has cleaned up
 */
export async function collectBeside(plan: CollectPlan, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("./collect-worker.js", import.meta.url), {
    workerData: { plan, taskSources: ownTaskSources() } satisfies CollectTask,
  });
  const stop = (): void => worker.postMessage("stop");
  signal.addEventListener("abort", stop);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message) => {
        const error = heardError(message);
        if (error !== undefined) reject(errorOf(error));
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve()); // nothing happens if there was an error
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}
