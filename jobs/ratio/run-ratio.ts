/** How far an expert's trials are from a dataset's behaviours: for each task, the distribution ratio by horizon. */
import type { Agent } from "../../clients/typescript/define-agent.js";
import { resolveOptions } from "../../common/options.js";
import { readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../datasets/folder/truth-known.js";
import type { JobListener } from "../listener.js";
import type { RecordedCheck } from "./check-recorded.js";
import { type Player, policyTrials } from "./policy-trials.js";
import { poolPopulations, type RatioPoint } from "./pool-populations.js";
import { populationJobs, type RatioSize } from "./population-jobs.js";
import { type RatioTask, ratioNotes, ratioTasks } from "./ratio-tasks.js";
import type { PopulationJob } from "./ratio-worker.js";
import { runPopulations } from "./run-populations.js";

/** Independent estimates, whose spread is the standard error. */
export const POPULATIONS = 3;

/** What is estimated. */
export interface RatioSpec extends RatioSize {
  /** Folder of a finished dataset. */
  readonly dir: string;
  readonly expert: Agent;
  /** Of the expert, those that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A task, and what is known of its behaviours' laws. */
export interface TaskRatio {
  readonly task: RatioTask;
  /** By behaviour; undefined where nothing is recorded that could be compared. */
  readonly recorded: readonly (RecordedCheck | undefined)[];
  readonly points: readonly RatioPoint[];
}

/** What came out. */
export interface RatioReport extends Pick<RatioSize, "particles" | "seed"> {
  readonly expert: Player;
  /** Of each task. */
  readonly populations: number;
  /** Those that reach a horizon. */
  readonly tasks: readonly TaskRatio[];
  /** What a reader should know of the dataset. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/**
 * Estimates the ratio of every task, in threads, after what is recorded was held against the behaviours' laws.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW of the folder; OPTION_UNKNOWN, OPTION_INVALID of options and horizons
 * @throws TASK_UNSUPPORTED if the expert does not play a task
 * @throws PROBABILITIES_UNKNOWN if the law of an agent is not known, or is not what was recorded
 * @throws the signal's reason once it is aborted
 */
export async function runRatio(spec: RatioSpec, listener: JobListener, signal: AbortSignal): Promise<RatioReport> {
  const { dir, expert: agent, particles, seed } = spec;
  const expert: Player = { agent, options: resolveOptions(agent.options, spec.options, `agent "${agent.name}"`) };
  const manifest = readDatasetManifest(dir);
  requireTruth(
    dir,
    manifest,
    "a distribution ratio plays its tasks anew, by the laws of its behaviours, and both are unknown",
  );
  const startedAt = performance.now();
  listener.doing(`reading ${dir}`);
  const { describeBehaviours } = await import("../../datasets/folder/describe-behaviours.js"); // Arrow and DuckDB
  const tasks = ratioTasks(manifest, await describeBehaviours(dir), expert);
  const jobs = populationJobs(tasks, expert, spec);
  for (const [i, task] of tasks.entries()) requireLaws(task, expert, jobs[i]);
  listener.doing("comparing what is recorded with the behaviours' laws");
  const recorded: (RecordedCheck | undefined)[][] = [];
  for (const task of tasks) recorded.push(await checkAll(dir, task, manifest.subsample === null, signal));
  const reached = jobs.flatMap((job, i) => (job.horizons.length === 0 ? [] : [{ job, i }]));
  const points = await estimate(
    reached.map(({ job }) => job),
    listener,
    signal,
  );
  return {
    expert,
    seed,
    populations: POPULATIONS,
    particles,
    tasks: reached.map(({ i }, at) => ({ task: tasks[i], recorded: recorded[i], points: points[at] })),
    notes: ratioNotes(manifest, tasks),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Asks everybody once, before threads are started for it. @throws PROBABILITIES_UNKNOWN */
function requireLaws({ task, behaviours }: RatioTask, expert: Player, job: PopulationJob): void {
  const players = job.players.map(
    ({ agent, options }): Player =>
      [expert, ...behaviours.map(({ player }) => player)].find(
        (player) => player.agent.name === agent && player.options === options,
      ) as Player,
  );
  const trials = policyTrials({ ...job, task, players, size: 1, mostSteps: 1 });
  trials.laws(0, new Float64Array(task.numActions), new Float64Array(behaviours.length * task.numActions));
}

/** Holds what is recorded against the laws, where something is and whole trials are there. */
async function checkAll(
  dir: string,
  task: RatioTask,
  wholeTrials: boolean,
  signal: AbortSignal,
): Promise<(RecordedCheck | undefined)[]> {
  const { checkRecorded } = await import("./check-recorded.js"); // Arrow
  const checks: (RecordedCheck | undefined)[] = [];
  for (const behaviour of task.behaviours) {
    signal.throwIfAborted();
    const some = behaviour.unknownPropensities < behaviour.episodes;
    const check = wholeTrials && some ? await checkRecorded(dir, task, behaviour) : undefined;
    checks.push(check?.steps === 0 ? undefined : check);
  }
  return checks;
}

/** Every job as often as there are populations. */
async function estimate(
  jobs: readonly PopulationJob[],
  listener: JobListener,
  signal: AbortSignal,
): Promise<RatioPoint[][]> {
  const all = jobs.flatMap((job) => Array.from({ length: POPULATIONS }, (_, population) => ({ ...job, population })));
  const stepsOf = ({ horizons, particles }: PopulationJob, steps = horizons[horizons.length - 1]) => steps * particles;
  const total = all.reduce((sum, job) => sum + stepsOf(job), 0);
  const stepsDone = new Float64Array(all.length);
  const onStep = (job: number, steps: number): void => {
    stepsDone[job] = stepsOf(all[job], steps);
    const done = stepsDone.reduce((sum, n) => sum + n, 0);
    listener.update([{ name: "estimating", done, total }]);
  };
  const points = await runPopulations(all, onStep, signal);
  return jobs.map((_, i) => poolPopulations(points.slice(i * POPULATIONS, (i + 1) * POPULATIONS)));
}
