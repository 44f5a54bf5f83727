/** The steps of the episodes under way in N envs, kept until they end. */

import type { Oracle } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import type { EpisodeRecord } from "../trajectories/sink.js";
import { featureSizeOf } from "./lock-step.js";

/** Memory for them, [N, horizon]: row n, from its beginning, is what the log takes when env n's episode ends. */
export interface EpisodeSteps {
  readonly horizon: number;
  readonly actions: Int32Array;
  readonly rewards: Float32Array;
  /** NaN where unknown. */
  readonly propensities: Float32Array;
  /** [N] 1 where the agent told one at least. */
  readonly knowsPropensities: Uint8Array;
  /** [N, horizon, A], NaN where unknown; empty where agents are not asked for them. */
  readonly probabilities: Float32Array;
  /** [N] 1 where the agent told those of a step at least. */
  readonly knowsProbabilities: Uint8Array;
  readonly regrets: Float32Array;
  readonly optimalActions: Int32Array;
  /** [N, horizon + 1] in a discrete space; empty in others. */
  readonly observations: Int32Array;
  /** [N, horizon, size] in a box space, what each action was chosen from; empty in others. */
  readonly features: Float32Array;
  /** Numbers in one observation of a box space. */
  readonly featureSize: number;
}

/** No step yet. @param wantsProbabilities whether agents are asked for the probabilities of all actions */
export function newEpisodeSteps(task: Task, numEnvs: number, wantsProbabilities: boolean): EpisodeSteps {
  const { horizon, observationSpace: space, numActions } = task;
  const featureSize = featureSizeOf(space);
  return {
    horizon,
    actions: new Int32Array(numEnvs * horizon),
    rewards: new Float32Array(numEnvs * horizon),
    propensities: new Float32Array(numEnvs * horizon),
    knowsPropensities: new Uint8Array(numEnvs),
    probabilities: new Float32Array(wantsProbabilities ? numEnvs * horizon * numActions : 0),
    knowsProbabilities: new Uint8Array(numEnvs),
    regrets: new Float32Array(numEnvs * horizon),
    optimalActions: new Int32Array(numEnvs * horizon),
    observations: new Int32Array(space.type === "discrete" ? numEnvs * (horizon + 1) : 0),
    features: new Float32Array(numEnvs * horizon * featureSize),
    featureSize,
  };
}

/** Judges the first `length` steps of env n by an oracle that is steady, out of the way of the lock-steps. */
export function judgeSteps(steps: EpisodeSteps, n: number, length: number, oracle: Oracle): void {
  const from = n * steps.horizon;
  for (let t = 0; t < length; t++) {
    oracle.judge(t, 0, steps.actions[from + t]);
    steps.regrets[from + t] = oracle.regret;
    steps.optimalActions[from + t] = oracle.optimalAction;
  }
}

/** Sums over the first `length` steps of env n, in their order. */
export function sumsOf(steps: EpisodeSteps, n: number, length: number): { return: number; regret: number } {
  const from = n * steps.horizon;
  let sum = 0;
  let regret = 0;
  for (let at = from; at < from + length; at++) {
    sum += steps.rewards[at];
    regret += steps.regrets[at];
  }
  return { return: sum, regret };
}

/** The part of a record that the first `length` steps of env n are: views of this memory. */
export function recordedSteps(
  steps: EpisodeSteps,
  n: number,
  length: number,
): Pick<
  EpisodeRecord,
  | "observations"
  | "stepFeatures"
  | "actions"
  | "rewards"
  | "propensities"
  | "probabilities"
  | "regrets"
  | "optimalActions"
> {
  const { horizon, featureSize, probabilities } = steps;
  const from = n * horizon;
  const to = from + length;
  const numActions = probabilities.length / steps.actions.length;
  const first = n * (horizon + 1);
  return {
    observations: steps.observations.length > 0 ? steps.observations.subarray(first, first + length + 1) : undefined,
    stepFeatures: featureSize > 0 ? steps.features.subarray(from * featureSize, to * featureSize) : undefined,
    actions: steps.actions.subarray(from, to),
    rewards: steps.rewards.subarray(from, to),
    propensities: steps.knowsPropensities[n] === 1 ? steps.propensities.subarray(from, to) : undefined,
    probabilities:
      steps.knowsProbabilities[n] === 1 ? probabilities.subarray(from * numActions, to * numActions) : undefined,
    regrets: steps.regrets.subarray(from, to),
    optimalActions: steps.optimalActions.subarray(from, to),
  };
}

/** Writes into `curve`, [horizon], the cumulative regret after each step of env n; it stays where it is after the last of `length`. */
export function regretCurve(steps: EpisodeSteps, n: number, length: number, curve: Float64Array): Float64Array {
  let sum = 0;
  for (let t = 0; t < steps.horizon; t++) {
    if (t < length) sum += steps.regrets[n * steps.horizon + t];
    curve[t] = sum;
  }
  return curve;
}
