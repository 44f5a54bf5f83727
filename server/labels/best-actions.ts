/**
 * The best actions of a shard's trajectories, by the truth of their instances: each episode is replayed from its seeds, and at every step the
 * oracle says which actions are best. Where several are, the label's probabilities are uniform over them; its action is the one of the lowest
 * index, as the log's `optimal_actions` has it.
 *
 * Nobody plays here: whoever labels so has the dataset's folder, and with it the seeds.
 */
import { setImmediate } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import { runInSlices } from "../../common/slices.js";
import { readParquetFile } from "../../datasets/files/read-parquet.js";
import { batchRows } from "../../datasets/log/batch-rows.js";
import { requireLengths } from "../../datasets/log/checked-batches.js";
import { trajectoryBatches } from "../../datasets/log/trajectory-batches.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { drawJudged, type Oracle } from "../tasks/oracle.js";
import type { Env, Task } from "../tasks/task.js";
import type { KnownTasks } from "./known-tasks.js";
import type { CollectedLabels } from "./label-shard.js";

/** Labels of a shard, and whose rows they are. */
export interface BestActions {
  /** By row. */
  readonly episodeIds: readonly string[];
  readonly trials: number;
  readonly labels: CollectedLabels;
}

const COLUMNS = [
  "episode_id",
  "trial_id",
  "episode_index",
  "task",
  "task_version",
  "task_options",
  "task_seed",
  "noise_seed",
  "length",
  "actions",
  "optimal_actions",
] as const satisfies readonly (keyof TrajectoryRow)[];

type Row = Pick<TrajectoryRow, (typeof COLUMNS)[number]>;

/** Rows between two turns of the event loop. */
const ROWS_PER_TURN = 64;

/**
 * Judges a shard.
 *
 * @throws TRUTH_UNKNOWN if an episode's seeds are not known
 * @throws DATASET_CORRUPT if it was played on another version of its task, or a replay finds another best action than the log has
 * @throws the signal's reason once it is aborted
 */
export async function bestActionsOf(path: string, tasks: KnownTasks, signal: AbortSignal): Promise<BestActions> {
  const rows: Row[] = [];
  for (const batch of trajectoryBatches(await readParquetFile(path, () => COLUMNS), path, COLUMNS)) {
    requireLengths(batch, path);
    rows.push(...batchRows(batch));
  }
  const stepOffsets = new Int32Array(rows.length + 1);
  const probabilityOffsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) {
    stepOffsets[i + 1] = stepOffsets[i] + row.length;
    const { numActions } = tasks.of(row.task, row.task_options);
    probabilityOffsets[i + 1] = probabilityOffsets[i] + row.length * numActions;
  }
  const actions = new Int32Array(stepOffsets[rows.length]);
  const probabilities = new Float32Array(probabilityOffsets[rows.length]);
  let trials = 0;
  let trial = "";
  let judged: { readonly env: Env; readonly oracle: Oracle } | undefined;
  for (const [i, row] of rows.entries()) {
    if (i % ROWS_PER_TURN === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    const task = tasks.of(row.task, row.task_options);
    if (judged === undefined || row.trial_id !== trial) {
      judged = await draw(path, task, row); // episodes of a trial stand side by side
      trial = row.trial_id;
      trials += 1;
    }
    const problem = judgeEpisode(
      task,
      judged,
      row,
      actions.subarray(stepOffsets[i], stepOffsets[i + 1]),
      probabilities.subarray(probabilityOffsets[i], probabilityOffsets[i + 1]),
    );
    if (problem !== undefined) {
      throw new IcrlError(
        "DATASET_CORRUPT",
        `${path}: episode ${row.episode_id}: ${problem}: \`icrl log verify\` tells what else differs`,
        { file: path },
      );
    }
  }
  const labels = {
    actions,
    stepOffsets,
    probabilities,
    probabilityOffsets,
    known: new Uint8Array(rows.length).fill(1),
  };
  return { episodeIds: rows.map(({ episode_id }) => episode_id), trials, labels };
}

async function draw(path: string, task: Task, row: Row): Promise<{ readonly env: Env; readonly oracle: Oracle }> {
  if (row.task_seed === null || row.noise_seed === null) {
    throw new IcrlError(
      "TRUTH_UNKNOWN",
      `the seeds of episode ${row.episode_id} in ${path} are not known, and without them its best actions: leave it out, or label with an expert`,
      { folder: path },
    );
  }
  if (row.task_version !== task.version) {
    throw new IcrlError(
      "DATASET_CORRUPT",
      `${path}: episode ${row.episode_id} was played on version ${row.task_version} of ${task.name}, this is version ${task.version}: collect it again`,
      { file: path },
    );
  }
  return runInSlices(drawJudged(task, row.task_seed, row.noise_seed), setImmediate);
}

/** Writes an episode's labels; why it is not what its seeds give, or undefined where it is. */
function judgeEpisode(
  { numActions }: Task,
  { env, oracle }: { readonly env: Env; readonly oracle: Oracle },
  { episode_index: episode, actions: taken, optimal_actions: logged }: Row,
  actions: Int32Array,
  probabilities: Float32Array,
): string | undefined {
  const best = new Uint8Array(numActions);
  env.reset(episode);
  oracle.beginEpisode();
  for (let t = 0; t < actions.length; t += 1) {
    const { stepInEpisode, state } = env;
    if (env.terminated) return `it has ${actions.length} steps, a replay ends after ${t}`;
    actions[t] = oracle.best(stepInEpisode, state);
    if (logged !== null && logged[t] !== actions[t]) {
      return `its best action ${t} is ${logged[t]}, a replay gives ${actions[t]}`;
    }
    const share = 1 / oracle.markBest(stepInEpisode, state, best);
    for (let a = 0; a < numActions; a += 1) probabilities[t * numActions + a] = best[a] === 1 ? share : 0;
    if (!(taken[t] >= 0 && taken[t] < numActions)) return `its action ${t} is ${taken[t]}, outside [0, ${numActions})`;
    env.step(taken[t]);
  }
  return undefined;
}
