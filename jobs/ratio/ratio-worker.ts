/** The thread that estimates with one population of particles. */
import { parentPort, workerData } from "node:worker_threads";
import { findAgent } from "../../agents/registry.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { addTasks, type TaskSources } from "../../server/own-tasks/own-tasks.js";
import { buildTask } from "../../server/tasks/registry.js";
import { policyTrials } from "./policy-trials.js";
import { type PopulationPoint, runPopulation } from "./run-population.js";

/** What a thread is to estimate; agents and tasks by name, as they cannot be sent. */
export interface PopulationJob {
  readonly taskId: string;
  readonly task: string;
  readonly taskOptions: Readonly<Record<string, unknown>>;
  /** Agents with their options resolved, each pair once. */
  readonly players: readonly { readonly agent: string; readonly options: Readonly<Record<string, unknown>> }[];
  /** Which of the players is the expert. */
  readonly expert: number;
  /** Which of the players is each part of the mixture, [K]. */
  readonly behaviours: readonly number[];
  /** Of the parts, positive, summing to 1, [K]. */
  readonly weights: readonly number[];
  readonly particles: number;
  /** Ascending. */
  readonly horizons: readonly number[];
  readonly seed: bigint;
  readonly population: number;
}

/** What a thread is given. */
export interface PopulationTask {
  readonly job: PopulationJob;
  /** Tasks that the process has beside the built-in ones. */
  readonly taskSources: TaskSources;
}

/** What a thread says: how far it is, then what came out, or why it gave up. */
export type PopulationMessage =
  | { readonly steps: number }
  | { readonly points: readonly PopulationPoint[] }
  | { readonly reason: Reason; readonly text: string; readonly metadata: Readonly<Record<string, string>> };

const port = parentPort;
if (port === null) throw new Error("ratio-worker.js runs as a worker thread");
const say = (message: PopulationMessage): void => port.postMessage(message);

const given = workerData as PopulationTask;
const { players, horizons, weights, seed, taskId, population, ...job } = given.job;
try {
  await addTasks(given.taskSources);
  const trials = policyTrials({
    task: buildTask(job.task, job.taskOptions),
    taskId,
    players: players.map(({ agent, options }) => ({ agent: findAgent(agent), options })),
    expert: job.expert,
    behaviours: job.behaviours,
    size: job.particles,
    mostSteps: horizons[horizons.length - 1],
    seed,
    population,
  });
  const rng = rngFromSeed(hash64(["icrl.v1", "ratio", String(seed), taskId, String(population)]));
  const points = runPopulation(trials, Float64Array.from(weights), horizons, rng, (steps) => say({ steps }));
  say({ points });
} catch (error) {
  if (!(error instanceof IcrlError)) throw error;
  say({ reason: error.reason, text: error.message, metadata: error.metadata });
}
