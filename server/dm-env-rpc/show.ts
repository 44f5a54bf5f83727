/** Frames as the observations that are asked for. */
import { IcrlError } from "../../common/errors.js";
import { float32Elements, int32Elements } from "../../common/tensor.js";
import type {
  ActionObservationSpecs,
  EnvironmentStateType,
  StepResponse,
  Tensor,
} from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import type { Tensor as Row } from "../../proto/gen/icrl/v1/tensor.js";
import { featureSizeOf } from "../sessions/lock-step.js";
import type { ObservationSpace, Task } from "../tasks/task.js";
import type { Frame } from "./frame.js";
import { OBSERVATIONS, type ObservationName } from "./specs.js";
import { bool, double, float, floats, int32, uint64 } from "./tensors.js";

/**
 * Sees that observations that are asked for are there.
 * @throws UID_UNKNOWN
 */
export function checkRequested(uids: readonly bigint[], { observations }: ActionObservationSpecs): void {
  for (const uid of uids) {
    if (observations.has(uid)) continue;
    const known = [...observations].map(([number, { name }]) => `${number} ${name}`).join(", ");
    throw new IcrlError("UID_UNKNOWN", `there is no observation ${uid} in this world: there are ${known}`, { uid });
  }
}

/** The answer to a step that asks for some of the specs' observations. */
export function stepResponse(
  state: EnvironmentStateType,
  frame: Frame,
  uids: readonly bigint[],
  task: Task,
): StepResponse {
  const observations = new Map<bigint, Tensor>();
  for (const uid of uids) {
    if (!observations.has(uid)) observations.set(uid, SHOWN[OBSERVATIONS[Number(uid) - 1]](frame, task));
  }
  return { state, observations };
}

/** How each is shown, in a task that has it. */
const SHOWN: Readonly<Record<ObservationName, (frame: Frame, task: Task) => Tensor>> = {
  observation: ({ observation }, { observationSpace }) => observationTensor(observation as Row, observationSpace),
  reward: ({ reward }) => float(reward),
  trial_features: ({ trial }) => featuresTensor(trial.trialFeatures as Row),
  trial_index: ({ trial }) => uint64(trial.trialIndex),
  agent_seed: ({ trial }) => uint64(trial.agentSeed),
  episode: ({ episode }) => int32(episode),
  episode_start: ({ episodeStart }) => bool(episodeStart),
  trial_start: ({ trialStart }) => bool(trialStart),
  regret: ({ regret }) => double(regret),
  trial_return: ({ trialReturn }) => double(trialReturn),
};

function observationTensor(row: Row, space: ObservationSpace): Tensor {
  if (space.type !== "box") return int32(int32Elements(row, "observation")[0]);
  return floats(float32Elements(row, "observation").subarray(0, featureSizeOf(space)), space.shape);
}

/** Features of the trials that are played: one agent asks for them at every step, all of which are the same. */
const converted = new WeakMap<Row, Tensor>();

function featuresTensor(row: Row): Tensor {
  const known = converted.get(row);
  if (known !== undefined) return known;
  const tensor = floats(float32Elements(row, "trial_features"), row.shape);
  converted.set(row, tensor);
  return tensor;
}
