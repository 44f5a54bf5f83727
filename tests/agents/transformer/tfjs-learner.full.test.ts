import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { freshState, randomBatch, smallModel } from "../../support/transformer.js";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 0 };

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

test("1,000 updates leave no tensor behind, and what is learned is learned", async () => {
  const model = smallModel({ layers: 1, dropout: 0.1 });
  const learner = createTfjsLearner(model, { ...ADAMW, weightDecay: 0 }, freshState(model));
  const held = randomBatch(model, 16, 99n);
  const before = await learner.evaluate(held);
  await learner.accumulate(randomBatch(model, 2, 1n), 1);
  await learner.update(0.003, 16);
  const { numTensors, numBytes } = tf.memory();
  for (let at = 1; at < 1000; at += 1) {
    await learner.accumulate(randomBatch(model, 2, BigInt(at)), at);
    await learner.update(0.003, 16);
  }
  const after = await learner.evaluate(held);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(tf.memory().numBytes).toBe(numBytes);
  expect(after.loss).toBeLessThan(0.5 * before.loss);
  learner.close();
  expect(tf.memory().numTensors).toBe(0);
});
