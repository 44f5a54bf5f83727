/** What an agent can do and see in a world, by number; docs/dm-env-rpc.md has the same table. */
import {
  type ActionObservationSpecs,
  DataType,
  type TensorSpec,
  type TensorSpec_Value,
} from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import type { Bounds, ObservationSpace, Task } from "../tasks/task.js";

/** The action. */
export const ACTION = 1n;

/** The observations, in the order of their numbers, which begin at 1. Not every task has the first and the third. */
export const OBSERVATIONS = [
  "observation",
  "reward",
  "trial_features",
  "trial_index",
  "agent_seed",
  "episode",
  "episode_start",
  "trial_start",
  "regret",
  "trial_return",
] as const;

/** One of them. */
export type ObservationName = (typeof OBSERVATIONS)[number];

/** The specs of a task. */
export function specsOf(task: Task): ActionObservationSpecs {
  const specs = observationSpecs(task);
  const observations = OBSERVATIONS.map((name, i) => [BigInt(i + 1), specs[name], name] as const);
  return {
    actions: new Map([[ACTION, { ...integers(0, task.numActions - 1), name: "action" }]]),
    observations: new Map(
      observations.flatMap(([uid, spec, name]) => (spec === undefined ? [] : [[uid, { ...spec, name }]])),
    ),
  };
}

type Unnamed = Omit<TensorSpec, "name">;

function observationSpecs(task: Task): Readonly<Record<ObservationName, Unnamed | undefined>> {
  const { trialFeaturesShape: shape, trialFeaturesBounds, episodes, reward } = task;
  const number = { ...unbounded(DataType.DOUBLE) };
  return {
    observation: observationSpec(task.observationSpace),
    reward: floats([], withZero({ low: reward.min, high: reward.max })),
    trial_features: shape.length === 0 ? undefined : floats(shape, trialFeaturesBounds),
    trial_index: unbounded(DataType.UINT64),
    agent_seed: unbounded(DataType.UINT64),
    episode: integers(0, episodes - 1),
    episode_start: unbounded(DataType.BOOL),
    trial_start: unbounded(DataType.BOOL),
    regret: number,
    trial_return: number,
  };
}

function observationSpec(space: ObservationSpace): Unnamed | undefined {
  if (space.type === "none") return undefined;
  return space.type === "discrete" ? integers(0, space.n - 1) : floats(space.shape, space);
}

/** What is 0 where there is none lies between the bounds. */
const withZero = ({ low, high }: Bounds): Bounds => ({
  low: low && Math.min(0, low),
  high: high && Math.max(0, high),
});

const unbounded = (dtype: DataType): Unnamed => ({ dtype, shape: [], min: undefined, max: undefined });

const integers = (min: number, max: number): Unnamed => ({
  ...unbounded(DataType.INT32),
  min: { payload: { $case: "int32s", value: { array: [min] } } },
  max: { payload: { $case: "int32s", value: { array: [max] } } },
});

const floats = (shape: readonly number[], { low, high }: Bounds = {}): Unnamed => ({
  dtype: DataType.FLOAT,
  shape: [...shape],
  min: floatBound(low),
  max: floatBound(high),
});

const floatBound = (value: number | undefined): TensorSpec_Value | undefined =>
  value === undefined ? undefined : { payload: { $case: "floats", value: { array: [value] } } };
