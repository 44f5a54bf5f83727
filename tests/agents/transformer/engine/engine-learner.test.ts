import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createEngineLearner, type EngineOptions } from "#icrl/agents/transformer/engine/engine-learner.js";
import type { Learner, LearnerState, LearningBatch } from "#icrl/agents/transformer/learner.js";
import type { ModelConfig } from "#icrl/agents/transformer/model-config.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { freshState, randomBatch, SMALL_TOKENS, smallModel } from "../../../support/transformer.js";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1, clip: 0 };

beforeAll(async () => {
  await tf.setBackend("cpu");
});

async function engine(model: ModelConfig, options: EngineOptions = { threads: 2 }, start = freshState(model)) {
  const learner = await createEngineLearner(model, ADAMW, start, options);
  onTestFinished(() => learner.close());
  return learner;
}

/** Initial values, with biases, norms and positions that are not 0 and 1. */
function unevenState(model: ModelConfig): LearnerState {
  const state = freshState(model);
  for (const [name, values] of state.parameters) {
    const rng = rngFromSeed(5n).split(name);
    const factor = name === "head.weight" ? 10 : 1;
    for (let i = 0; i < values.length; i += 1) values[i] = factor * values[i] + 0.1 * rng.normal();
  }
  return state;
}

/** Gradients by name: what the first moments are after one update, over 1 - beta1. */
async function gradients(learner: Learner, batch: LearningBatch) {
  const loss = await learner.accumulate(batch, 0);
  const norm = await learner.update(0.01, 1);
  const { firstMoments } = await learner.state();
  return { loss, norm, gradients: firstMoments };
}

/** |a - b| / |b|. */
function distance(a: Float32Array, b: Float32Array): number {
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
  const numActions = Int32Array.from({ length: sequences }, (_, i) => model.max_actions - (i % 2));
  const perSequence = whole.targets.length / sequences;
  const targets = Float32Array.from(whole.targets, (_, i) => {
    return i % model.max_actions < numActions[Math.floor(i / perSequence)] ? rng.uniform() : 0;
  });
  for (let at = 0; at < targets.length; at += model.max_actions) {
    const row = targets.subarray(at, at + model.max_actions);
    const sum = row.reduce((total, p) => total + p);
    for (const [i, p] of row.entries()) row[i] = p / sum;
  }
  const weights = whole.weights.map((weight) => weight * (0.5 + rng.uniform()));
  if (length === 1) weights.fill(1);
  return { ...whole, numActions, targets, weights };
}

const shapes: readonly [title: string, options: Record<string, unknown>, sequences: number, length: number][] = [
  ["width 8, odd length", { width: 8, heads: 1 }, 5, 7],
  ["one token, one sequence", { width: 8, heads: 2 }, 1, 1],
  ["width 24, heads of 12", { width: 24, heads: 2 }, 5, 19],
  ["width 24, heads of 6, three layers", { width: 24, heads: 4, layers: 3 }, 3, 24],
  ["width 32", { width: 32, heads: 4 }, 5, 33],
  ["width 64, heads of 16, one layer", { width: 64, heads: 4, layers: 1 }, 2, 40],
  ["width 64, one head", { width: 64, heads: 1, layers: 1, ff_ratio: 1 }, 2, 9],
  ["post norm", { width: 32, heads: 4, norm: "post" }, 3, 21],
  ["relu", { width: 32, heads: 2, attention: "relu" }, 3, 21],
  ["alibi", { width: 32, heads: 4, positions: "alibi" }, 3, 30],
  ["a window", { width: 32, heads: 4, window: 5 }, 3, 30],
  ["a window of one", { width: 8, heads: 1, window: 1 }, 2, 12],
  ["alibi and a window", { width: 24, heads: 2, positions: "alibi", window: 11 }, 2, 41],
  ["relu, alibi, a window, post norm", { width: 32, heads: 4, attention: "relu", norm: "post", positions: "alibi", window: 9 }, 3, 37], // biome-ignore format: a row
];

describe.each(["step", "lin2023"] as const)("layout %s", (layout) => {
  test.each(shapes)(
    "every gradient is that of automatic differentiation: %s",
    async (_, options, sequences, length) => {
      const model = { ...smallModel(options, { ...SMALL_TOKENS, layout }), context: length + 3 };
      const batch = unevenBatch(model, sequences, length);
      const reference = createTfjsLearner(model, ADAMW, unevenState(model));
      const wanted = await gradients(reference, batch);
      const { loss, agreed } = await reference.evaluate(batch);
      reference.close();
      const learner = await engine(model, { threads: 2 }, unevenState(model));
      const got = await gradients(learner, batch);
      expect(got.loss / wanted.loss).toBeCloseTo(1, 5);
      expect(got.norm / wanted.norm).toBeCloseTo(1, 4);
      for (const [name, values] of wanted.gradients) {
        const from = got.gradients.get(name) as Float32Array;
        if (values.every((value) => Math.abs(value) < 1e-7)) {
          for (const value of from) expect(Math.abs(value), name).toBeLessThan(1e-6);
        } else expect(distance(from, values), name).toBeLessThan(1e-4);
      }
      const after = await learner.evaluate(batch);
      expect(after.loss / loss).toBeCloseTo(1, 3);
      expect(after.agreed).toBeCloseTo(agreed, 3);
    },
  );
});
