/** Tokens for a dataset: sizes that hold all its tasks, and what its rewards are normalised by. */
import { IcrlError } from "../../common/errors.js";
import { type TrialShape, trialShape } from "../../common/trial-shape.js";
import type { DatasetManifest, TaskHead } from "../../datasets/folder/dataset-manifest.js";
import { describedTask } from "../../datasets/folder/described-task.js";
import { type ReadOptions, readDataset } from "../../datasets/read/read-dataset.js";
import { type Layout, type TaskShape, type TokenConfig, tokensPerStep } from "./token-layout.js";

/** A dataset's task, as far as tokens depend on it. */
export type DatasetTaskShape = TrialShape;

/** Measures of a dataset's task as its agents are told them. */
export const taskShape = (task: TaskHead): TrialShape => trialShape(describedTask(task));

/** Mean and standard deviation of rewards. */
export interface RewardStatistics {
  readonly mean: number;
  readonly std: number;
}

/**
 * Tokens that hold all of the tasks.
 *
 * @param tasks at least one, of a dataset's manifest
 * @throws TASK_UNSUPPORTED if their arms differ in their number of features, or have none in layout `chosen-arm`, or one shows numbers that are
 *   no features of arms
 */
export function tokenConfigOf(tasks: readonly TaskHead[], layout: Layout, rewards: RewardStatistics): TokenConfig {
  const shapes = tasks.map(taskShape);
  requireShown(tasks);
  const most = (of: (shape: TaskShape) => number) => Math.max(...shapes.map(of));
  const dim = most((shape) => shape.dim);
  const without = shapes.findIndex((shape) => shape.dim === 0);
  if (layout === "chosen-arm" && without >= 0) {
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `actions of task "${tasks[without].id}" have no features, and layout chosen-arm tells them apart by these alone: give layout step`,
    );
  }
  const other = shapes.findIndex((shape) => shape.dim > 0 && shape.dim < dim);
  if (other >= 0) {
    const largest = tasks[shapes.findIndex((shape) => shape.dim === dim)].id;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `arms have ${shapes[other].dim} features in task "${tasks[other].id}" and ${dim} in task "${largest}": ` +
        "one model plays tasks of one number, train one for each",
    );
  }
  return {
    layout,
    maxActions: most((shape) => shape.numActions),
    numStates: most((shape) => shape.numStates),
    dim,
    horizon: Math.max(...tasks.map((task) => task.horizon)),
    rewardMean: rewards.mean,
    rewardStd: rewards.std,
  };
}

/** Tokens hold a state's number, and features of arms: a model would not see other numbers, and learn nothing of it. */
function requireShown(tasks: readonly TaskHead[]): void {
  const unseen = tasks.find((task) => task.observation_space.type === "box" && !taskShape(task).freshArms);
  if (unseen === undefined) return;
  throw new IcrlError(
    "TASK_UNSUPPORTED",
    `task "${unseen.id}" shows [${unseen.observation_space.shape}] numbers at each step, which are no features of ${unseen.num_actions} arms: tokens hold states by number, and arms' features`,
    { task: unseen.task },
  );
}

/** Mean and variance of rewards: of constant ones 0. */
export interface RewardMoments {
  readonly mean: number;
  readonly variance: number;
}

/** Which part of a dataset. */
export type Selection = Pick<ReadOptions<never>, "task" | "behaviour" | "split">;

/** Seed of the order in which a sample of shards is read. */
const SAMPLE_SEED = 0n;
/** Below this rewards are taken to be constant. */
const LEAST_STD = 1e-6;

/**
 * Mean and standard deviation of a dataset's rewards, every step alike: of the first so many episodes in an order that depends on
 * nothing but the dataset, its shards shuffled. A constant reward has the deviation 1.
 *
 * @param episodes how many, at least; so much is read however large the dataset
 * @throws what readDataset throws
 */
export async function rewardStatistics(
  dir: string,
  selection: Selection = {},
  episodes = 20_000,
): Promise<RewardStatistics> {
  return statisticsOf(await rewardMoments(dir, selection, episodes));
}

/**
 * The same of several datasets that are mixed: a step of each set's counts by the set's weight.
 *
 * @param weights how often a step is of each set, relative to the others
 */
export function mixedRewards(sets: readonly RewardMoments[], weights: readonly number[]): RewardStatistics {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const over = (of: (set: RewardMoments) => number) =>
    sets.reduce((total, set, k) => total + (weights[k] / sum) * of(set), 0);
  const mean = over((set) => set.mean);
  return statisticsOf({ mean, variance: over((set) => set.variance + (set.mean - mean) ** 2) });
}

function statisticsOf({ mean, variance }: RewardMoments): RewardStatistics {
  const std = Math.sqrt(variance);
  return { mean, std: std < LEAST_STD ? 1 : std };
}

/** Mean and variance of a dataset's rewards, as `rewardStatistics` takes them. @throws what readDataset throws */
export async function rewardMoments(dir: string, selection: Selection = {}, episodes = 20_000): Promise<RewardMoments> {
  const { task, behaviour, split } = selection;
  let seen = 0;
  let count = 0;
  let mean = 0;
  let squares = 0; // of the differences from the mean
  const columns = ["rewards"] as const;
  for await (const batch of readDataset(dir, { columns, shuffle: SAMPLE_SEED, task, behaviour, split })) {
    // Welford (1962): one pass, no loss of digits where the mean is large.
    for (const reward of batch.columns.rewards.values) {
      count += 1;
      const difference = reward - mean;
      mean += difference / count;
      squares += difference * (reward - mean);
    }
    seen += batch.rows;
    if (seen >= episodes) break;
  }
  return { mean, variance: squares / count };
}

/**
 * Tokens of the longest trial that a dataset can hold of a task: all its episodes that were kept, each as long as the horizon.
 *
 * @param subsample as in the manifest: every so manieth episode was kept; null: all
 */
export function sequenceLength(
  {
    episodes_per_trial,
    horizon,
    steps_per_trial,
  }: Pick<TaskHead, "episodes_per_trial" | "horizon" | "steps_per_trial">,
  tokens: Pick<TokenConfig, "layout">,
  subsample: DatasetManifest["subsample"],
): number {
  const steps = Math.ceil(episodes_per_trial / (subsample ?? 1)) * horizon;
  return Math.min(steps, steps_per_trial ?? steps) * tokensPerStep(tokens);
}
