import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import type { Observations } from "../../proto/gen/icrl/v1/environment.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import type { ObservationSpace } from "../tasks/task.js";
import { featureSizeOf, type LockStep } from "./lock-step.js";

/** The message that shows a lock-step. Its tensors are views of the lock-step's memory: encode it before the next. */
export function observationsOf(space: ObservationSpace, stepIndex: number, step: LockStep): Observations {
  const numEnvs = step.active.length;
  const rows = step.ended + step.cut;
  return {
    stepIndex: BigInt(stepIndex),
    observation: shown(space, step.states, step.features, numEnvs),
    reward: step.first ? undefined : float32Tensor(step.rewards, [numEnvs]),
    terminated: step.ended > 0 ? boolTensor(step.terminated, [numEnvs]) : undefined,
    truncated: step.cut > 0 ? boolTensor(step.truncated, [numEnvs]) : undefined,
    executedAction: step.first || step.executed === undefined ? undefined : int32Tensor(step.executed, [numEnvs]),
    active: step.activeCount === numEnvs ? undefined : boolTensor(step.active, [numEnvs]),
    finalObservation: rows > 0 ? shown(space, step.finalStates, step.finalFeatures, rows) : undefined,
    trialStarts: step.trialStarts,
    trialEnds: step.trialEnds,
    durableTrials: BigInt(step.durableTrials),
  };
}

/** The first `rows` observations; undefined where the space shows nothing, or nobody knows what it showed. */
function shown(
  space: ObservationSpace,
  states: Int32Array,
  features: Float32Array | undefined,
  rows: number,
): Tensor | undefined {
  if (space.type === "discrete") return int32Tensor(rows === states.length ? states : states.subarray(0, rows), [rows]);
  const size = featureSizeOf(space);
  if (space.type === "none" || size === 0 || features === undefined) return undefined;
  return float32Tensor(features.subarray(0, rows * size), [rows, ...space.shape]);
}
