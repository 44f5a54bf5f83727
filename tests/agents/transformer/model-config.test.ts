import { expect, test } from "vitest";
import {
  alibiSlope,
  headOutputs,
  isUnbounded,
  modelConfig,
  modelOptions,
} from "#icrl/agents/transformer/model-config.js";
import { tokenSize } from "#icrl/agents/transformer/token-layout.js";
import { SMALL_ARMS, SMALL_TOKENS } from "../../support/transformer.js";

test("a model has the sizes of its tokens, and defaults where nothing is chosen", () => {
  expect(modelConfig(modelOptions({ layers: 2 }), SMALL_TOKENS, 40)).toEqual({
    layers: 2,
    width: 32,
    heads: 4,
    ffRatio: 4,
    attention: "softmax",
    norm: "pre",
    positions: "learned",
    window: 0,
    dropout: 0,
    tokenSize: tokenSize(SMALL_TOKENS),
    context: 40,
    maxActions: SMALL_TOKENS.maxActions,
    armDim: 0,
    stride: 1,
  });
  expect(modelConfig(modelOptions({}), { ...SMALL_TOKENS, layout: "lin2023" }, 40).stride).toBe(2);
  // 2 features of an arm: themselves, and 3 products
  const scoring = modelConfig(modelOptions({}), SMALL_ARMS, 40);
  expect([scoring.stride, scoring.armDim, headOutputs(scoring)]).toEqual([1, 2, 5]);
});

test("what a model cannot be is refused", () => {
  const refused = (options: object, reason: string) =>
    expect(() => modelConfig(modelOptions({ ...options }), SMALL_TOKENS, 8)).toThrow(
      expect.objectContaining({ reason }),
    );
  refused({ width: 30, heads: 4 }, "OPTION_INVALID");
  refused({ layers: 0 }, "OPTION_INVALID");
  refused({ attention: "linear" }, "OPTION_INVALID");
  refused({ depth: 3 }, "OPTION_UNKNOWN");
});

test("only relative positions and a window let a model go on beyond its context", () => {
  const unbounded = (positions: string, window: number) =>
    isUnbounded(modelConfig(modelOptions({ positions, window }), SMALL_TOKENS, 8));
  expect([unbounded("learned", 0), unbounded("learned", 4), unbounded("alibi", 0), unbounded("alibi", 4)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test("slopes are the paper's for 8 heads: 1/2 to 1/256", () => {
  // Press, Smith & Lewis (2022), section 3
  const slopes = Array.from({ length: 8 }, (_, head) => alibiSlope(head, 8));
  expect(slopes).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
});
