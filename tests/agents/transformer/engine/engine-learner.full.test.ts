import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createEngineLearner } from "#icrl/agents/transformer/engine/engine-learner.js";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { freshState, randomBatch, smallModel } from "../../../support/transformer.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

test("losses of 200 updates are those of automatic differentiation", async () => {
  const model = smallModel({ width: 16, heads: 2, layers: 2 });
  const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };
  const reference = createTfjsLearner(model, optimizer, freshState(model));
  const learner = await createEngineLearner(model, optimizer, freshState(model), { threads: 2 });
  onTestFinished(() => learner.close());
  for (let step = 0; step < 200; step += 1) {
    const batch = randomBatch(model, 4, BigInt(step));
    const losses = [await reference.accumulate(batch, step), await learner.accumulate(batch, step)];
    expect(Math.abs(losses[1] / losses[0] - 1), `update ${step}`).toBeLessThan(0.01);
    const norms = [await reference.update(0.003, 26), await learner.update(0.003, 26)];
    expect(Math.abs(norms[1] / norms[0] - 1), `update ${step}`).toBeLessThan(0.03);
  }
  reference.close();
});
