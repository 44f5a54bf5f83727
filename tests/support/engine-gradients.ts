/** Gradients of the engine beside those of automatic differentiation. */
import { expect } from "vitest";
import { createEngineLearner } from "#icrl/agents/transformer/engine/engine-learner.js";
import type { Learner, LearnerState, LearningBatch } from "#icrl/agents/transformer/learner.js";
import type { ModelConfig } from "#icrl/agents/transformer/model-config.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { freshState, randomBatch, SMALL_ARMS, SMALL_TOKENS, smallModel } from "./transformer.js";

/** Without clipping, so that the first moments tell the gradients. */
export const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 0 };

/** Initial values, with biases, norms and positions that are not 0 and 1. */
export function unevenState(model: ModelConfig): LearnerState {
  const state = freshState(model);
  for (const [name, values] of state.parameters) {
    const rng = rngFromSeed(5n).split(name);
    const factor = name === "head.weight" ? 10 : 1;
    for (let i = 0; i < values.length; i += 1) values[i] = factor * values[i] + 0.1 * rng.normal();
  }
  return state;
}

/** Gradients by name: what the first moments are after one update, over 1 - beta1. */
export async function gradients(learner: Learner, batch: LearningBatch) {
  const loss = await learner.accumulate(batch, 0);
  const norm = await learner.update(0.01, 1);
  const { firstMoments } = await learner.state();
  return { loss, norm, gradients: firstMoments };
}

/** |a - b| / |b|. */
export function distance(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < b.length; i += 1) {
    difference += (a[i] - b[i]) ** 2;
    length += b[i] ** 2;
  }
  return Math.sqrt(difference / length);
}

/** A batch whose tasks differ in their number of actions, with soft targets. */
function unevenBatch(model: ModelConfig, sequences: number, length: number): LearningBatch {
  const whole = randomBatch({ ...model, context: length }, sequences, 3n);
  const rng = rngFromSeed(8n);
  const numActions = Int32Array.from({ length: sequences }, (_, i) => model.maxActions - (i % 2));
  const perSequence = whole.targets.length / sequences;
  const targets = Float32Array.from(whole.targets, (_, i) => {
    return i % model.maxActions < numActions[Math.floor(i / perSequence)] ? rng.uniform() : 0;
  });
  for (let at = 0; at < targets.length; at += model.maxActions) {
    const row = targets.subarray(at, at + model.maxActions);
    const sum = row.reduce((total, p) => total + p);
    for (const [i, p] of row.entries()) row[i] = p / sum;
  }
  const weights = whole.weights.map((weight) => weight * (0.5 + rng.uniform()));
  if (length === 1) weights.fill(1);
  return { ...whole, numActions, targets, weights };
}

/** A model, and a batch for it. */
export interface GradientCase {
  readonly layout: "step" | "lin2023" | "chosen-arm";
  /** Whether its head gives two numbers, too. */
  readonly numbers?: boolean;
  /** Of the model. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sequences: number;
  readonly length: number;
}

/** Expects the losses and every gradient of the two to be the same but for rounding; automatic differentiation runs on the back end that is set. */
export async function expectSameGradients({ layout, numbers = false, options, sequences, length }: GradientCase) {
  const tokens = layout === "chosen-arm" ? SMALL_ARMS : { ...SMALL_TOKENS, layout };
  const model = { ...smallModel(options, tokens, numbers ? 2 : 0), context: length + 3 };
  const batch = unevenBatch(model, sequences, length);
  const reference = createTfjsLearner(model, ADAMW, unevenState(model));
  const wanted = await gradients(reference, batch);
  const { loss, agreed, squared } = await reference.evaluate(batch);
  reference.close();
  const learner = await createEngineLearner(model, ADAMW, unevenState(model), { threads: 1 }); // as with more: a test of its own
  try {
    const got = await gradients(learner, batch);
    expect(got.loss / wanted.loss).toBeCloseTo(1, 5);
    expect(got.norm / wanted.norm).toBeCloseTo(1, 4);
    for (const [name, values] of wanted.gradients) {
      const from = got.gradients.get(name) as Float32Array;
      // A gradient that is 0 but for rounding (of k's biases, say) has no relative error.
      if (values.every((value) => Math.abs(value) < 1e-7)) {
        for (const value of from) expect(Math.abs(value), name).toBeLessThan(1e-6);
      } else expect(distance(from, values), name).toBeLessThan(1e-4);
    }
    const after = await learner.evaluate(batch);
    expect(after.loss / loss).toBeCloseTo(1, 3);
    expect(after.agreed).toBeCloseTo(agreed, 3);
    expect(squared > 0).toBe(numbers);
    expect(after.squared).toBeCloseTo(squared, 1);
  } finally {
    learner.close();
  }
}
