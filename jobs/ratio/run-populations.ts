/** Populations in threads of their own, as many at once as there are processors. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import { ownTaskSources } from "../../server/own-tasks/own-tasks.js";
import type { PopulationJob, PopulationMessage, PopulationTask } from "./ratio-worker.js";
import type { PopulationPoint } from "./run-population.js";

/**
 * Runs the jobs. No thread is left when it is done, however that is.
 *
 * @param onStep told the number of a job and how many steps it has done
 * @returns what each job gave, in the jobs' order
 * @throws PROBABILITIES_UNKNOWN and what else a job fails with, and the signal's reason once it is aborted
 */
export async function runPopulations(
  jobs: readonly PopulationJob[],
  onStep: (job: number, steps: number) => void,
  signal: AbortSignal,
): Promise<(readonly PopulationPoint[])[]> {
  const running = new Set<Worker>();
  let next = 0;

  const run = (job: number): Promise<readonly PopulationPoint[]> =>
    new Promise((resolve, reject) => {
      const workerData: PopulationTask = { job: jobs[job], taskSources: ownTaskSources() };
      const worker = new Worker(new URL("./ratio-worker.js", import.meta.url), { workerData });
      running.add(worker);
      worker.on("message", (message: PopulationMessage) => {
        if ("steps" in message) onStep(job, message.steps);
        else if ("points" in message) resolve(message.points);
        else reject(IcrlError.told(message.reason, message.text, message.metadata));
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
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  signal.throwIfAborted();
  try {
    await Promise.race([
      Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, runAll)),
      aborted,
    ]);
    return points;
  } finally {
    next = jobs.length;
    await Promise.all(Array.from(running, (worker) => worker.terminate()));
  }
}
