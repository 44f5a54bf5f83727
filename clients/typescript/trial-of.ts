import { trialShape } from "../../common/trial-shape.js";
import { RewardKind, type TaskDescription } from "../../proto/gen/icrl/v1/task.js";
import type { RewardSpec, Trial } from "./define-agent.js";

const REWARD_KINDS: Readonly<Record<number, RewardSpec["kind"]>> = {
  [RewardKind.GAUSSIAN]: "gaussian",
  [RewardKind.BERNOULLI]: "bernoulli",
  [RewardKind.DETERMINISTIC]: "deterministic",
};

/**
 * What an agent may know of a trial.
 *
 * @param features the trial's, of the task's trialFeaturesShape; undefined where it has none
 */
export function trialOf(task: TaskDescription, features: Float32Array | undefined): Trial {
  const { numActions, numStates, dim, freshArms } = trialShape(task);
  const arms =
    freshArms || features === undefined || dim === 0
      ? undefined
      : { data: features, rows: features.length / dim, cols: dim };
  return {
    task: task.name,
    taskOptions: task.options ?? {},
    kinds: task.kinds,
    numActions,
    numStates,
    dim: freshArms || arms !== undefined ? dim : 0,
    arms,
    horizon: task.horizon,
    episodes: task.episodes,
    reward: {
      kind: REWARD_KINDS[task.reward?.kind ?? 0] ?? "gaussian",
      min: task.reward?.min,
      max: task.reward?.max,
      noiseStd: task.reward?.noiseStd,
    },
  };
}
