/** Populations in threads of their own, as many at once as there are processors. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import type { PopulationJob, PopulationMessage } from "./ratio-worker.js";
import type { PopulationPoint } from "./run-population.js";

/** Work under way. */
export interface Populations {
  /** What each job gave, in the jobs' order. */
  readonly done: Promise<(readonly PopulationPoint[])[]>;
  /** Ends the threads, finished or not. */
  close(): Promise<void>;
}

/**
 * Starts the jobs.
 *
 * @param onStep told the number of a job and how many steps it has done
 * @throws (by `done`) PROBABILITIES_UNKNOWN and what else a job fails with
 */
export function startPopulations(
  jobs: readonly PopulationJob[],
  onStep: (job: number, steps: number) => void,
): Populations {
  const running = new Set<Worker>();
  let next = 0;

  const run = (job: number): Promise<readonly PopulationPoint[]> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./ratio-worker.js", import.meta.url), { workerData: jobs[job] });
      running.add(worker);
      worker.on("message", (message: PopulationMessage) => {
        if ("steps" in message) onStep(job, message.steps);
        else if ("points" in message) resolve(message.points);
        else reject(new IcrlError(message.reason, message.text, message.metadata));
      });
      worker.on("error", reject);
      worker.on("exit", () => {
        running.delete(worker);
        reject(new Error("a thread of the estimate ended without an answer")); // nothing happens if there was one
      });
    });

  const points: (readonly PopulationPoint[])[] = [];
  const runAll = async (): Promise<void> => {
    while (next < jobs.length) {
      const job = next;
      next += 1;
      points[job] = await run(job);
    }
  };
  const done = Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, runAll));
  return {
    done: done.then(() => points),
    async close() {
      next = jobs.length;
      await Promise.all(Array.from(running, (worker) => worker.terminate()));
    },
  };
}
