import { RewardKind, type TaskDescription } from "../../proto/gen/icrl/v1/task.js";
import type { Arms, RewardSpec, Trial } from "./define-agent.js";

const REWARD_KINDS: Readonly<Record<number, RewardSpec["kind"]>> = {
  [RewardKind.GAUSSIAN]: "gaussian",
  [RewardKind.BERNOULLI]: "bernoulli",
  [RewardKind.DETERMINISTIC]: "deterministic",
};

/** What an agent may know of a trial: the task's description, and the arms when they are fixed. */
export function trialOf(task: TaskDescription, arms: Arms | undefined): Trial {
  const space = task.observationSpace?.space;
  const box = space?.$case === "box" ? space.value.shape : [];
  return {
    task: task.name,
    taskOptions: task.options ?? {},
    kinds: task.kinds,
    numActions: task.numActions,
    numStates: space?.$case === "discrete" ? space.value.n : 1,
    dim: arms?.cols ?? (box.length === 2 ? box[1] : 0),
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
