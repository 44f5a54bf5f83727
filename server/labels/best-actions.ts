/**
 * The best actions of a shard's trajectories: each episode is replayed from its seeds, and at every step it is said how probably each action is the best, by the
 * truth of the instance or by what was seen of it. The label's action is the likeliest, the one of the lowest index where several are: by the truth that
 * of the log's `optimal_actions`.
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
import type { LawsOf, TrialLaws } from "./computed-laws.js";
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
export async function bestActionsOf(
  path: string,
  tasks: KnownTasks,
  lawsOf: LawsOf,
  signal: AbortSignal,
): Promise<BestActions> {
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
  let judged: Judged | undefined;
  for (const [i, row] of rows.entries()) {
    if (i % ROWS_PER_TURN === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    const task = tasks.of(row.task, row.task_options);
    if (judged === undefined || row.trial_id !== trial) {
      judged = { ...(await draw(path, task, row)), laws: lawsOf(task) }; // episodes of a trial stand side by side
      judged.laws.begin({ ...judged, trialId: row.trial_id, noiseSeed: row.noise_seed as bigint });
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

/** A trial that is played again. */
interface Judged {
  readonly env: Env;
  readonly oracle: Oracle;
  readonly laws: TrialLaws;
}

/** Writes an episode's labels; why it is not what its seeds give, or undefined where it is. */
function judgeEpisode(
  { numActions }: Task,
  { env, oracle, laws }: Judged,
  { episode_index: episode, actions: taken, optimal_actions: logged }: Row,
  actions: Int32Array,
  probabilities: Float32Array,
): string | undefined {
  const law = new Float64Array(numActions);
  env.reset(episode);
  oracle.beginEpisode();
  laws.beginEpisode(episode);
  for (let t = 0; t < actions.length; t += 1) {
    const { stepInEpisode, state } = env;
    if (env.terminated) return `it has ${actions.length} steps, a replay ends after ${t}`;
    const best = oracle.best(stepInEpisode, state);
    if (logged !== null && logged[t] !== best) return `its best action ${t} is ${logged[t]}, a replay gives ${best}`;
    laws.write(law);
    probabilities.set(law, t * numActions);
    actions[t] = likeliest(law);
    if (!(taken[t] >= 0 && taken[t] < numActions)) return `its action ${t} is ${taken[t]}, outside [0, ${numActions})`;
    env.step(taken[t]);
    laws.observe(taken[t]);
  }
  return undefined;
}

/** The action of the largest probability, the lowest index where several have it. */
function likeliest(law: Float64Array): number {
  let best = 0;
  for (let a = 1; a < law.length; a += 1) if (law[a] > law[best]) best = a;
  return best;
}
