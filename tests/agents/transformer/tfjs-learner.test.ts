import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { createTfjsLearner } from "#icrl/agents/transformer/tfjs-learner.js";
import { freshState, randomBatch, SMALL_TOKENS, smallModel } from "../../support/transformer.js";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 0 };

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

test("updates are AdamW's, by hand", async () => {
  const model = smallModel();
  const start = freshState(model);
  const learner = createTfjsLearner(model, ADAMW, start);
  const batch = randomBatch(model, 4, 9n);
  const decisions = batch.weights.reduce((sum, weight) => sum + weight);
  await learner.accumulate(batch, 0);
  await learner.update(0.01, decisions);
  const { parameters, firstMoments, secondMoments } = await learner.state();
  for (const name of ["layers.0.mlp.up.weight", "head.bias"]) {
    const before = start.parameters.get(name) as Float32Array;
    const after = parameters.get(name) as Float32Array;
    const decay = name.endsWith("weight") ? 1 - 0.01 * 0.1 : 1;
    for (const [i, moment] of (firstMoments.get(name) as Float32Array).entries()) {
      const gradient = moment / 0.1; // the first moment began at 0
      expect((secondMoments.get(name) as Float32Array)[i]).toBeCloseTo(0.01 * gradient * gradient, 8);
      // After one update both corrected moments are the gradient's own: a step of the learning rate, against its sign.
      expect(after[i]).toBeCloseTo(before[i] * decay - (0.01 * gradient) / (Math.abs(gradient) + 1e-8), 5);
    }
  }
  learner.close();
});

test("two batches make the update that one batch of both makes", async () => {
  const model = smallModel();
  const whole = randomBatch(model, 6, 4n);
  const part = (from: number, to: number) => {
    const cut = (values: Float32Array) => values.slice((values.length / 6) * from, (values.length / 6) * to);
    return {
      ...whole,
      sequences: to - from,
      tokens: cut(whole.tokens),
      targets: cut(whole.targets),
      weights: cut(whole.weights),
      numActions: whole.numActions.slice(from, to),
    };
  };
  const decisions = whole.weights.reduce((sum, weight) => sum + weight);
  const once = createTfjsLearner(model, { ...ADAMW, clip: 0.5 }, freshState(model));
  const twice = createTfjsLearner(model, { ...ADAMW, clip: 0.5 }, freshState(model));
  const loss = await once.accumulate(whole, 0);
  const parts = (await twice.accumulate(part(0, 2), 0)) + (await twice.accumulate(part(2, 6), 0));
  expect(parts).toBeCloseTo(loss, 4);
  expect(await twice.update(0.01, decisions)).toBeCloseTo(await once.update(0.01, decisions), 5);
  const [a, b] = [await once.state(), await twice.state()];
  for (const [name, values] of a.firstMoments) {
    for (const [i, value] of values.entries())
      expect((b.firstMoments.get(name) as Float32Array)[i]).toBeCloseTo(value, 6);
  }
  once.close();
  twice.close();
});

test("clipping scales the whole gradient to the norm that is allowed", async () => {
  const model = smallModel();
  const batch = randomBatch(model, 4, 9n);
  const moments = async (clip: number) => {
    const learner = createTfjsLearner(model, { ...ADAMW, clip }, freshState(model));
    await learner.accumulate(batch, 0);
    const norm = await learner.update(0.01, 1); // the sum's gradient: large
    const { firstMoments } = await learner.state();
    learner.close();
    const squares = [...firstMoments.values()]
      .flatMap((values) => [...values])
      .reduce((sum, m) => sum + (m / 0.1) ** 2, 0);
    return { norm, clipped: Math.sqrt(squares) };
  };
  const free = await moments(0);
  expect(free.clipped / free.norm).toBeCloseTo(1, 4);
  const { norm, clipped } = await moments(0.25);
  expect(norm).toBeCloseTo(free.norm, 4);
  expect(clipped).toBeCloseTo(0.25, 4);
});

test("actions that a task does not have get no probability", async () => {
  const model = smallModel();
  const learner = createTfjsLearner(model, ADAMW, freshState(model));
  const batch = randomBatch(model, 2, 9n);
  const ones = new Float32Array(batch.targets.length);
  for (let i = 0; i < ones.length; i += 3) ones[i] = 1; // action 0
  const both = { ...batch, targets: ones, numActions: new Int32Array([1, 1]) };
  expect((await learner.evaluate(both)).loss).toBeCloseTo(0, 6); // one action alone is sure
  learner.close();
});

test("a learner that goes on from a state does what the first one does", async () => {
  const model = smallModel({ dropout: 0.1 }, { ...SMALL_TOKENS, layout: "lin2023" });
  const first = createTfjsLearner(model, ADAMW, freshState(model));
  const step = async (learner: typeof first, at: number) => {
    const loss = await learner.accumulate(randomBatch(model, 4, BigInt(at)), at);
    await learner.update(0.01, 10);
    return loss;
  };
  for (let at = 0; at < 3; at += 1) await step(first, at);
  const second = createTfjsLearner(model, ADAMW, await first.state());
  for (let at = 3; at < 6; at += 1) expect(await step(second, at)).toBe(await step(first, at));
  first.close();
  second.close();
});
