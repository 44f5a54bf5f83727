import type { DatasetBatch } from "../../datasets/read/read-dataset.js";
import type { Task } from "../../server/tasks/task.js";
import type { World } from "../simulate/play-policy.js";

/** Columns of a dataset that a recorded trial is made of. */
export const RECORDED_COLUMNS = [
  "episode_index",
  "agent_seed",
  "observations",
  "step_features",
  "actions",
  "rewards",
  "propensities",
  "trial_features",
  "terminated",
  "truncated",
] as const;

/** Their cells. */
export type RecordedColumns = DatasetBatch<(typeof RECORDED_COLUMNS)[number]>["columns"];

/** A trial as it was recorded: whatever is done in it, what happens is what happened. */
export interface RecordedTrial extends World {
  /** Those from the first on that are there one after the other: what comes after a gap was learned from what is not there. */
  readonly episodes: number;
  /** Features of arms that are fixed for the trial, [A, d]; undefined where it has none. */
  readonly trialFeatures: Float32Array | undefined;
  /** Whether the last step was its episode's last though the task did not end it. */
  truncated(): boolean;
  /** What was done next. */
  readonly nextAction: number;
  /** With which the last action was chosen; NaN where it is not known. */
  readonly propensity: number;
}

/** The trial in the rows `from` to `to` of a dataset, its episodes in order. */
export function recordedTrial(task: Task, columns: RecordedColumns, from: number, to: number): RecordedTrial {
  const { actions, observations, step_features, propensities, trial_features } = columns;
  const { type } = task.observationSpace;
  const size = task.observationSpace.type === "box" ? task.observationSpace.shape.reduce((a, b) => a * b, 1) : 0;
  let episodes = 0;
  while (from + episodes < to && columns.episode_index[from + episodes] === episodes) episodes += 1;
  let row = from;
  let t = 0;

  const lengthOf = (row: number): number => actions.offsets[row + 1] - actions.offsets[row];
  const propensityOf = (row: number, t: number): number =>
    propensities.nulls?.[row] === 1 ? Number.NaN : propensities.values[propensities.offsets[row] + t];
  const isOver = (): boolean => t === lengthOf(row);

  return {
    episodes,
    trialFeatures:
      task.trialFeaturesShape.length === 0
        ? undefined
        : trial_features.values.slice(trial_features.offsets[from], trial_features.offsets[from + 1]),
    get nextAction() {
      return actions.values[actions.offsets[row] + t];
    },
    get propensity() {
      return propensityOf(row, t - 1);
    },
    get observation() {
      return type === "discrete" ? observations.values[observations.offsets[row] + t] : 0;
    },
    state: 0, // nobody judges
    get features() {
      if (type !== "box") return undefined;
      const at = step_features.offsets[row] + t * size;
      return step_features.values.subarray(at, at + size);
    },
    get reward() {
      return columns.rewards.values[columns.rewards.offsets[row] + t - 1];
    },
    get terminated() {
      return isOver() && columns.terminated[row] === 1;
    },
    truncated: () => isOver() && (columns.truncated[row] === 1 || columns.terminated[row] !== 1),
    reset(episode) {
      row = from + episode;
      t = 0;
    },
    step() {
      t += 1;
    },
  };
}
