import type { LearnerState, LearningBatch } from "#icrl/agents/transformer/learner.js";
import { type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { initParameters } from "#icrl/agents/transformer/parameters.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";

/** Tokens of a task with 3 actions, 2 states and no arm features. */
export const SMALL_TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 3,
  numStates: 2,
  dim: 0,
  horizon: 8,
  rewardMean: 0.5,
  rewardStd: 0.5,
};

/** Tokens of a task with 3 arms of 2 features, told apart by these. */
export const SMALL_ARMS: TokenConfig = { ...SMALL_TOKENS, layout: "chosen-arm", numStates: 1, dim: 2 };

/** A model of 2 layers and width 8 for 8 tokens, unless other options are given. */
export function smallModel(
  options: Record<string, unknown> = {},
  tokens: TokenConfig = SMALL_TOKENS,
  numbers = 0,
): ModelConfig {
  return modelConfig(modelOptions({ layers: 2, width: 8, heads: 2, ...options }), tokens, 8, numbers);
}

/** Where a learner begins. */
export function freshState(model: ModelConfig, seed = 1n): LearnerState {
  return {
    parameters: initParameters(model, rngFromSeed(seed)),
    firstMoments: new Map(),
    secondMoments: new Map(),
    updates: 0,
  };
}

/** Normal targets of so many numbers at each decision, a fifth of which does not count and the others not alike. */
function randomNumbers(numbers: number, decisions: number, seed: bigint) {
  const rng = rngFromSeed(seed).split("numbers");
  return {
    targets: Float32Array.from({ length: decisions * numbers }, () => rng.normal()),
    weights: Float32Array.from({ length: decisions * numbers }, () => (rng.uniform() < 0.8 ? 2 * rng.uniform() : 0)),
  };
}

/** Normal tokens; targets drawn from the first features, so that there is something to learn. */
export function randomBatch(model: ModelConfig, sequences: number, seed: bigint): LearningBatch {
  const rng = rngFromSeed(seed);
  const length = model.context;
  const decisions = Math.ceil(length / model.stride);
  const actions = model.maxActions;
  const tokens = Float32Array.from({ length: sequences * length * model.tokenSize }, () => rng.normal());
  const targets = new Float32Array(sequences * decisions * actions);
  for (let i = 0; i < sequences * decisions; i += 1) {
    const sequence = Math.floor(i / decisions);
    const at = (sequence * length + (i % decisions) * model.stride) * model.tokenSize;
    const sum = tokens[at] + 0.5 * tokens[at + 1];
    targets[i * actions + (sum < -0.4 ? 0 : sum < 0.4 ? 1 : 2)] = 1;
  }
  const weights = Float32Array.from({ length: sequences * decisions }, () => (rng.uniform() < 0.8 ? 1 : 0));
  const numActions = new Int32Array(sequences).fill(actions);
  const arms =
    model.armDim === 0
      ? undefined
      : Float32Array.from({ length: sequences * decisions * actions * model.armDim }, () => rng.normal());
  const numbers = model.numbers === undefined ? undefined : randomNumbers(model.numbers, sequences * decisions, seed);
  const counted = weights.reduce((sum, weight) => sum + weight, 0);
  return { sequences, length, tokens, targets, weights, numbers, decisions: counted, arms, numActions };
}
