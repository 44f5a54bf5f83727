import { expect, test } from "vitest";
import { modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { flopsPerToken, initParameters, parameterCount, parameterSpecs } from "#icrl/agents/transformer/parameters.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import { rngFromSeed } from "#icrl/common/rng.js";

/** 2 actions and nothing else: a token has 2 + 2 + 4 features. */
const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 2,
  numStates: 1,
  dim: 0,
  horizon: 4,
  rewardMean: 0,
  rewardStd: 1,
};
const TINY = { layers: 1, width: 2, heads: 1, ff_ratio: 2 };
const tiny = (options: object = {}, tokens = TOKENS) => modelConfig(modelOptions({ ...TINY, ...options }), tokens, 4);

test("a tiny model's parameters are those counted by hand", () => {
  // by hand: embed 8 x 2 + 2, positions 4 x 2, norm 4, qkv 2 x 6 + 6, out 2 x 2 + 2, norm 4, up 2 x 4 + 4, down 4 x 2 + 2, norm 4,
  // head 2 x 2 + 2
  expect(parameterCount(tiny())).toBe(18 + 8 + 4 + 18 + 6 + 4 + 12 + 10 + 4 + 6);
  expect(parameterCount(tiny({ norm: "post" }))).toBe(90 - 4);
  for (const positions of ["alibi", "alibi-flat", "rotary", "none"]) {
    expect(parameterCount(tiny({ positions }))).toBe(90 - 8);
  }
});

test("a tiny model's operations are those counted by hand", () => {
  // by hand: 2 for each of 16 + 12 + 4 + 8 + 8 weights, 2 x 2 x 2 of the head, 4 x 2 for each of the (1 + 2 + 3 + 4) / 4 tokens seen
  expect(flopsPerToken(tiny())).toBe(96 + 8 + 20);
  // half of the tokens are decisions
  expect(flopsPerToken(tiny({}, { ...TOKENS, layout: "lin2023" }))).toBe(96 + 4 + 20);
  // tokens see 1, 2, 2, 2
  expect(flopsPerToken(tiny({ window: 2 }))).toBe(96 + 8 + 14);
  // 1, 2
  expect(flopsPerToken(tiny(), 2)).toBe(96 + 8 + 12);
});

test("initial values have the deviations that are documented", () => {
  const model = modelConfig(modelOptions({ layers: 2, width: 64 }), { ...TOKENS, dim: 30 }, 100);
  const parameters = initParameters(model, rngFromSeed(3n));
  const deviation = (name: string) => {
    const values = parameters.get(name) as Float32Array;
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  // 64 x 64 values or more: a deviation is off by less than 5 % in all but one case of millions
  const near = (name: string, expected: number) => expect(Math.abs(deviation(name) / expected - 1)).toBeLessThan(0.06);
  near("embed.weight", 1 / Math.sqrt(model.tokenSize));
  near("position.weight", 0.02);
  near("layers.1.attention.qkv.weight", 1 / 8);
  near("layers.1.attention.out.weight", 1 / 8 / 2);
  near("layers.0.mlp.up.weight", 1 / 8);
  near("layers.0.mlp.down.weight", 1 / 16 / 2);
  expect(deviation("head.weight")).toBeLessThan(0.1 / 4);
  for (const { name } of parameterSpecs(model)) {
    if (name.endsWith("bias")) expect(deviation(name), name).toBe(0);
    if (/norm\d?\.weight/.test(name)) expect(parameters.get(name)?.every((value) => value === 1)).toBe(true);
  }
});

test("a parameter's initial values depend on the seed and its name, not on the other parameters", () => {
  const values = (seed: bigint, options: object) =>
    initParameters(tiny(options), rngFromSeed(seed)).get("layers.0.mlp.up.weight");
  expect(values(1n, { positions: "alibi" })).toEqual(values(1n, {}));
  expect(values(2n, {})).not.toEqual(values(1n, {}));
});
