import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createEngineLearner, type EngineOptions } from "#icrl/agents/transformer/engine/engine-learner.js";
import type { Learner, LearningBatch } from "#icrl/agents/transformer/learner.js";
import type { ModelConfig } from "#icrl/agents/transformer/model-config.js";
import {
  ADAMW,
  distance,
  expectSameGradients,
  type GradientCase,
  gradients,
  unevenState,
} from "../../../support/engine-gradients.js";
import { freshState, randomBatch, SMALL_TOKENS, smallModel } from "../../../support/transformer.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

async function engine(model: ModelConfig, options: EngineOptions = { threads: 2 }, start = freshState(model)) {
  const learner = await createEngineLearner(model, ADAMW, start, options);
  onTestFinished(() => learner.close());
  return learner;
}

/** Of gradients.full.test.ts, which has all kinds, as many as every part of the passes needs. */
test.each<[what: string, GradientCase]>([
  [
    "relu, alibi, a window, norms behind",
    {
      layout: "step",
      options: { width: 32, heads: 4, attention: "relu", norm: "post", positions: "alibi", window: 9 },
      ...{ sequences: 3, length: 37 },
    },
  ],
  [
    "softmax, learned positions, padded heads, two tokens a step, two numbers",
    { layout: "lin2023", numbers: true, options: { width: 24, heads: 4, layers: 3 }, sequences: 3, length: 24 },
  ],
  [
    "rotary positions, a window, arms judged by their features",
    {
      layout: "chosen-arm",
      options: { width: 24, heads: 2, positions: "rotary", window: 11 },
      ...{ sequences: 2, length: 41 },
    },
  ],
  ["one token, one sequence", { layout: "step", options: { width: 8, heads: 2 }, sequences: 1, length: 1 }],
])("every gradient is that of automatic differentiation: %s", (_, model) => expectSameGradients(model));

const ordinary = () => smallModel({ width: 32, heads: 4 });

/** State after some updates. */
async function learned(learner: Learner, model: ModelConfig, updates = 3, sequences = 37) {
  const losses: number[] = [];
  for (let i = 0; i < updates; i += 1) {
    losses.push(await learner.accumulate(randomBatch(model, sequences, BigInt(i)), i));
    await learner.update(0.01, 200);
  }
  return { losses, ...(await learner.state()) };
}

test("results are the same for any number of threads", async () => {
  const model = { ...ordinary(), dropout: 0.1 };
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map(async (threads) => learned(await engine(model, { threads }), model)),
  );
  expect(two).toEqual(one);
  expect(three).toEqual(one);
});

test("without the instructions that round once, results are nearly the same", async () => {
  const model = ordinary();
  const plain = await learned(await engine(model, { threads: 1, simd: "plain" }), model);
  const best = await learned(await engine(model, { threads: 1 }), model);
  for (const [i, loss] of best.losses.entries()) expect(plain.losses[i] / loss).toBeCloseTo(1, 5);
});

test("two batches make the update that one batch of both makes", async () => {
  const model = ordinary();
  const whole = randomBatch(model, 6, 4n);
  const part = (from: number, to: number): LearningBatch => {
    const cut = (values: Float32Array) => values.slice((values.length / 6) * from, (values.length / 6) * to);
    return {
      sequences: to - from,
      length: whole.length,
      tokens: cut(whole.tokens),
      targets: cut(whole.targets),
      weights: cut(whole.weights),
      decisions: to - from,
      numActions: whole.numActions.slice(from, to),
    };
  };
  const once = await engine(model);
  const twice = await engine(model);
  const loss = await once.accumulate(whole, 0);
  expect((await twice.accumulate(part(0, 2), 0)) + (await twice.accumulate(part(2, 6), 0))).toBeCloseTo(loss, 5);
  expect(await twice.update(0.01, 40)).toBeCloseTo(await once.update(0.01, 40), 6);
  const [a, b] = [await once.state(), await twice.state()];
  for (const [name, values] of a.firstMoments) {
    expect(distance(b.firstMoments.get(name) as Float32Array, values)).toBeLessThan(1e-5);
  }
});

test("clipping scales the whole gradient to the norm that is allowed", async () => {
  const model = ordinary();
  const batch = randomBatch(model, 4, 9n);
  const moments = async (clip: number) => {
    const learner = await createEngineLearner(model, { ...ADAMW, clip }, freshState(model), { threads: 1 });
    const { norm, gradients: scaled } = await gradients(learner, batch);
    learner.close();
    const squares = [...scaled.values()].flatMap((values) => [...values]).reduce((sum, m) => sum + (m / 0.1) ** 2, 0);
    return { norm, length: Math.sqrt(squares) };
  };
  const free = await moments(0);
  expect(free.length / free.norm).toBeCloseTo(1, 4);
  const clipped = await moments(0.25);
  expect(clipped.norm).toBeCloseTo(free.norm, 4);
  expect(clipped.length).toBeCloseTo(0.25, 4);
});

test("a learner that goes on from a state does what the first one does, dropout and padded heads included", async () => {
  for (const norm of ["pre", "post"]) {
    const model = smallModel({ width: 24, heads: 4, dropout: 0.1, norm }, { ...SMALL_TOKENS, layout: "lin2023" });
    const first = await engine(model);
    await learned(first, model);
    const second = await engine(model, { threads: 1 }, await first.state());
    expect(await learned(second, model)).toEqual(await learned(first, model));
  }
});

test("gradients under dropout are those of the loss under the same dropout", async () => {
  for (const norm of ["pre", "post"]) {
    const model = smallModel({ width: 8, heads: 1, layers: 1, dropout: 0.3, norm });
    const batch = randomBatch(model, 3, 2n);
    const start = unevenState(model);
    const learner = await engine(model, { threads: 1 }, start);
    await learner.accumulate(batch, 77);
    await learner.update(0, 1);
    const { firstMoments } = await learner.state();
    // Of each of these one number, moved the way that its gradient says: the loss rises by all of them together.
    const names = ["embed.bias", "layers.0.attention.out.bias", "layers.0.mlp.up.weight", "head.weight"];
    const gradient = (name: string) => (firstMoments.get(name) as Float32Array)[3] / 0.1;
    const lossAt = async (by: number) => {
      const parameters = new Map([...start.parameters].map(([key, values]) => [key, Float32Array.from(values)]));
      for (const name of names) (parameters.get(name) as Float32Array)[3] += by * Math.sign(gradient(name));
      return (await engine(model, { threads: 1 }, { ...start, parameters })).accumulate(batch, 77);
    };
    const slope = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
    expect(names.reduce((sum, name) => sum + Math.abs(gradient(name)), 0)).toBeCloseTo(slope, 1);
    const other = await engine(model, { threads: 1 }, start);
    expect(await other.accumulate(batch, 78)).not.toBeCloseTo(await other.accumulate(batch, 77), 2);
    expect((await other.evaluate(batch)).loss).toBe((await learner.evaluate(batch)).loss);
  }
});

test.each(["learned", "rotary"])(
  "attention weights that are too many to keep are computed again: positions %s",
  async (positions) => {
    // 4 layers of 1 head and 1,600 tokens: 41 MB; of 2,100: 70 MB, above the 64 MiB that are kept.
    const model = (context: number) => ({ ...smallModel({ width: 8, heads: 1, layers: 4, positions }), context });
    const batch = randomBatch(model(1600), 1, 3n);
    const state = (context: number) => {
      const start = unevenState(model(context));
      const { parameters } = unevenState(model(1600));
      const vectors = start.parameters.get("position.weight");
      if (vectors === undefined) return start;
      vectors.set(parameters.get("position.weight") as Float32Array);
      return { ...start, parameters: new Map([...parameters, ["position.weight", vectors]]) };
    };
    const kept = await gradients(await engine(model(1600), { threads: 1 }, state(1600)), batch);
    const again = await gradients(await engine(model(2100), { threads: 1 }, state(2100)), batch);
    expect(again.loss).toBeCloseTo(kept.loss, 6);
    for (const [name, values] of kept.gradients) {
      expect(
        distance((again.gradients.get(name) as Float32Array).subarray(0, values.length), values),
        name,
      ).toBeLessThan(1e-6);
    }
  },
);

test("a width that is not a multiple of 8 is refused, and the back ends that take it are named", async () => {
  const model = smallModel({ width: 12, heads: 2 });
  await expect(createEngineLearner(model, ADAMW, freshState(model))).rejects.toMatchObject({
    reason: "BACKEND_UNAVAILABLE",
    message: expect.stringMatching(/multiples of 8, not 12.*tensorflow, wasm and cpu/),
  });
});

test("a diverged model's loss is no number", async () => {
  const model = ordinary();
  const start = freshState(model);
  (start.parameters.get("layers.0.mlp.up.weight") as Float32Array)[0] = Number.NaN;
  const learner = await engine(model, { threads: 1 }, start);
  expect(await learner.accumulate(randomBatch(model, 2, 1n), 0)).toBeNaN();
});
