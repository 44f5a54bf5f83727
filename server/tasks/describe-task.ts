/** Tasks and families as the wire describes them. Only what anybody may know: nothing of an instance. */
import type { Option } from "../../common/options.js";
import {
  type OptionDescription,
  RewardKind,
  type ObservationSpace as SpaceMessage,
  type TaskDescription,
  type TaskFamily as TaskFamilyMessage,
} from "../../proto/gen/icrl/v1/task.js";
import type { ObservationSpace, RewardSpec, Task, TaskFamily } from "./task.js";

const REWARD_KINDS: Readonly<Record<RewardSpec["kind"], RewardKind>> = {
  gaussian: RewardKind.GAUSSIAN,
  bernoulli: RewardKind.BERNOULLI,
  deterministic: RewardKind.DETERMINISTIC,
};

/** A task for the wire. */
export function describeTask(task: Task): TaskDescription {
  const { kind, min, max, noiseStd } = task.reward;
  return {
    name: task.name,
    version: task.version,
    options: { ...task.options },
    kinds: [...task.kinds],
    numActions: task.numActions,
    observationSpace: describeSpace(task.observationSpace),
    trialFeaturesShape: [...task.trialFeaturesShape],
    trialFeaturesLow: task.trialFeaturesBounds?.low,
    trialFeaturesHigh: task.trialFeaturesBounds?.high,
    horizon: task.horizon,
    episodes: task.episodes,
    reward: { kind: REWARD_KINDS[kind], min, max, noiseStd },
  };
}

/** A family for the wire, with the task that its defaults give. */
export function describeFamily(family: TaskFamily): TaskFamilyMessage {
  const defaults = Object.fromEntries(Object.entries(family.options).map(([name, row]) => [name, row.default]));
  return {
    name: family.name,
    version: family.version,
    summary: family.summary,
    options: Object.entries(family.options).map(([name, row]) => describeOption(name, row)),
    defaultTask: describeTask(family.build(defaults)),
    source: family.source,
  };
}

/** One row of an options table for the wire. */
export function describeOption(name: string, row: Option): OptionDescription {
  const numeric = row.type === "number" || row.type === "integer";
  return {
    name,
    type: row.type,
    defaultValue: row.default,
    help: row.help,
    min: numeric ? row.min : undefined,
    max: numeric ? row.max : undefined,
    choices: row.type === "choice" ? [...row.choices] : [],
  };
}

function describeSpace(space: ObservationSpace): SpaceMessage {
  if (space.type === "none") return { space: { $case: "none", value: {} } };
  if (space.type === "discrete") return { space: { $case: "discrete", value: { n: space.n } } };
  return { space: { $case: "box", value: { shape: [...space.shape], low: space.low, high: space.high } } };
}
