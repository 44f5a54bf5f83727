import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { createDecoder, type Decoder } from "#icrl/agents/transformer/infer.js";
import { forward } from "#icrl/agents/transformer/model.js";
import { type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { parameterSpecs } from "#icrl/agents/transformer/parameters.js";
import { POSITIONS } from "#icrl/agents/transformer/positions.js";
import { recentSequence } from "#icrl/agents/transformer/recent-sequence.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { naiveLogits, wildParameters } from "../../support/naive-transformer.js";

const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 5,
  numStates: 3,
  dim: 2,
  horizon: 10,
  rewardMean: 0,
  rewardStd: 1,
};
const CONTEXT = 40; // more than two doublings of a sequence's first room

const modelOf = (options: Record<string, unknown>, layout: TokenConfig["layout"] = "step"): ModelConfig =>
  modelConfig(
    modelOptions({ layers: 2, width: 12, heads: 2, ff_ratio: 2, ...options }),
    { ...TOKENS, layout },
    CONTEXT,
  );

/** Tokens with many zeros, as real ones have. */
function randomTokens(model: ModelConfig, length: number): Float32Array[] {
  const rng = rngFromSeed(7n);
  return Array.from({ length }, () =>
    Float32Array.from({ length: model.tokenSize }, () => (rng.uniform() < 0.6 ? 0 : rng.normal())),
  );
}

/** Logits at every token, one token at a time. */
function cachedLogits(decoder: Decoder, model: ModelConfig, tokens: readonly Float32Array[]): number[][] {
  const sequence = decoder.sequence();
  return tokens.map((token) => {
    const logits = new Float64Array(model.maxActions);
    sequence.push(token);
    sequence.outputs(logits);
    return Array.from(logits);
  });
}

const largestDifference = (a: readonly number[][], b: readonly number[][]): number =>
  Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i][j]))));

const SHAPES = (["step", "lin2023"] as const).flatMap((layout) =>
  ["softmax", "relu"].flatMap((attention) =>
    ["pre", "post"].flatMap((norm) =>
      POSITIONS.flatMap((positions) =>
        [0, 7].map((window) => ({ layout, options: { attention, norm, positions, window } })),
      ),
    ),
  ),
);

describe("decoding token by token", () => {
  it.each(SHAPES)("equals the full forward pass to 1e-5: $layout, $options", ({ layout, options }) => {
    const model = modelOf(options, layout);
    const parameters = wildParameters(model, rngFromSeed(3n));
    const tokens = randomTokens(model, CONTEXT);
    const cached = cachedLogits(createDecoder(model, parameters), model, tokens);
    const full = naiveLogits(model, parameters, tokens);
    expect(Math.max(...full.flat().map(Math.abs))).toBeGreaterThan(0.5); // there is something to compare
    expect(largestDifference(cached, full)).toBeLessThan(1e-5);
  });

  it.each(SHAPES)("equals the forward pass that is trained to 1e-5: $layout, $options", async ({ layout, options }) => {
    tf.enableProdMode(); // no advertisement
    await tf.setBackend("cpu");
    const model = modelOf(options, layout);
    const parameters = wildParameters(model, rngFromSeed(3n));
    const tokens = randomTokens(model, CONTEXT);
    const cached = cachedLogits(createDecoder(model, parameters), model, tokens);
    const trained = tf.tidy(() => {
      const tensors = parameterSpecs(model).map(({ name, shape }) => [
        name,
        tf.tensor(parameters.get(name) as Float32Array, [...shape]),
      ]);
      const input = tf.tensor3d(
        tokens.flatMap((token) => Array.from(token)),
        [1, CONTEXT, model.tokenSize],
      );
      return (forward(model, Object.fromEntries(tensors), input).logits.arraySync() as number[][][])[0];
    });
    const atDecisions = cached.filter((_, i) => i % model.stride === 0);
    expect(trained.length).toBe(atDecisions.length);
    expect(largestDifference(atDecisions, trained)).toBeLessThan(1e-5);
  });

  it.each([
    ["alibi", 1],
    ["alibi", 3],
    ["alibi", 4],
    ["alibi", 7],
    ["alibi", 16],
    ["alibi-flat", 7],
    ["rotary", 1],
    ["rotary", 7],
    ["none", 7],
  ])("equals it far beyond the context where, with positions %s, a window of %i slides along", (positions, window) => {
    const model = modelOf({ positions, window, attention: "relu" });
    const parameters = wildParameters(model, rngFromSeed(4n));
    const tokens = randomTokens(model, 3 * CONTEXT);
    const cached = cachedLogits(createDecoder(model, parameters), model, tokens);
    expect(largestDifference(cached, naiveLogits(model, parameters, tokens))).toBeLessThan(1e-5);
  });

  it.each([1, 3, 5, 6])("equals it with heads of %i columns", (perHead) => {
    const model = modelOf({ width: 6 * perHead, heads: 6, ff_ratio: 1 });
    const parameters = wildParameters(model, rngFromSeed(5n));
    const tokens = randomTokens(model, 9);
    const cached = cachedLogits(createDecoder(model, parameters), model, tokens);
    expect(largestDifference(cached, naiveLogits(model, parameters, tokens))).toBeLessThan(1e-5);
  });

  it("depends on the distant past, unless a window hides it", () => {
    const change = (window: number): number => {
      const model = modelOf({ window, layers: 1 });
      const decoder = createDecoder(model, wildParameters(model, rngFromSeed(3n)));
      const tokens = randomTokens(model, CONTEXT);
      const others = [tokens[5], ...tokens.slice(1)];
      const last = (given: readonly Float32Array[]) => cachedLogits(decoder, model, given).slice(-1);
      return largestDifference(last(tokens), last(others));
    };
    expect(change(0)).toBeGreaterThan(1e-4);
    expect(change(CONTEXT)).toBeGreaterThan(1e-4);
    expect(change(CONTEXT - 1)).toBe(0);
  });

  it("keeps sequences apart, and begins anew when it is told", () => {
    const model = modelOf({});
    const decoder = createDecoder(model, wildParameters(model, rngFromSeed(3n)));
    const tokens = randomTokens(model, 20);
    const alone = cachedLogits(decoder, model, tokens);
    const [one, other] = [decoder.sequence(), decoder.sequence()];
    for (const token of tokens.toReversed()) one.push(token);
    one.clear();
    expect(one.length).toBe(0);
    const logits = new Float64Array(model.maxActions);
    for (const [i, token] of tokens.entries()) {
      one.push(token);
      other.push(tokens[19 - i]);
      one.outputs(logits);
      expect(Array.from(logits)).toEqual(alone[i]);
    }
  });

  it("gives the first actions alone where fewer are asked for", () => {
    const model = modelOf({});
    const sequence = createDecoder(model, wildParameters(model, rngFromSeed(3n))).sequence();
    sequence.push(randomTokens(model, 1)[0]);
    const [all, two] = [new Float64Array(5), new Float64Array(2)];
    sequence.outputs(all);
    sequence.outputs(two);
    expect(two).toEqual(all.slice(0, 2));
    expect(() => sequence.outputs(new Float64Array(6))).toThrow(RangeError);
  });

  it("ends with the context, where positions are learned or nothing is forgotten", () => {
    const open = POSITIONS.filter((positions) => positions !== "learned").map((positions) => ({ positions }));
    for (const options of [{}, { window: 5 }, ...open]) {
      const model = modelOf(options);
      const sequence = createDecoder(model, wildParameters(model, rngFromSeed(3n))).sequence();
      const [token] = randomTokens(model, 1);
      for (let i = 0; i < CONTEXT; i += 1) sequence.push(token);
      expect(() => sequence.push(token)).toThrow("token 40 is beyond the model's context of 40 tokens");
    }
  });

  it("refuses what has no logits, a token of another size, and parameters that lack one", () => {
    const model = modelOf({});
    const parameters = wildParameters(model, rngFromSeed(3n));
    const sequence = createDecoder(model, parameters).sequence();
    expect(() => sequence.outputs(new Float64Array(5))).toThrow("no token");
    expect(() => sequence.push(new Float32Array(3))).toThrow("3 features");
    parameters.delete("layers.1.mlp.up.bias");
    expect(() => createDecoder(model, parameters)).toThrow('"layers.1.mlp.up.bias"');
  });
});

describe("seeing the last tokens only", () => {
  it.each(POSITIONS)("is the same as a sequence of these tokens alone: positions %s", (positions) => {
    const model = modelOf({ positions });
    const decoder = createDecoder(model, wildParameters(model, rngFromSeed(3n)));
    const tokens = randomTokens(model, 30);
    const recent = recentSequence(decoder.sequence(), model.tokenSize, 6, 1);
    const logits = new Float64Array(model.maxActions);
    for (const [i, token] of tokens.entries()) {
      recent.push(token);
      recent.outputs(logits);
      const seen = tokens.slice(Math.max(0, i - 5), i + 1);
      expect(Array.from(logits)).toEqual(cachedLogits(decoder, model, seen).at(-1));
    }
    expect(recent.length).toBe(30);
  });

  it("begins with a token at which a decision is made, also where a step has two", () => {
    const model = modelOf({}, "lin2023");
    const decoder = createDecoder(model, wildParameters(model, rngFromSeed(3n)));
    const tokens = randomTokens(model, 21);
    for (const most of [5, 6]) {
      const recent = recentSequence(decoder.sequence(), model.tokenSize, most, 2);
      const logits = new Float64Array(model.maxActions);
      for (const token of tokens) recent.push(token);
      recent.outputs(logits);
      expect(Array.from(logits)).toEqual(cachedLogits(decoder, model, tokens.slice(16)).at(-1));
    }
  });
});
