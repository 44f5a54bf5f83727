import { expect, test } from "vitest";
import { headOutputs, isUnbounded, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { POSITIONS } from "#icrl/agents/transformer/positions.js";
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
  refused({ positions: "sinusoidal" }, "OPTION_INVALID");
  refused({ depth: 3 }, "OPTION_UNKNOWN");
});

test("rotary positions need heads of an even width", () => {
  const model = (width: number, heads: number) => modelOptions({ width, heads, positions: "rotary" });
  expect(() => model(12, 4)).toThrow(
    expect.objectContaining({
      reason: "OPTION_INVALID",
      message:
        "the model's heads have 3 columns of its width 12, and positions rotary turn pairs of them: give a width that is an even multiple of its 4 heads, or other positions",
    }),
  );
  expect(() => model(9, 9)).toThrow("heads have 1 columns");
  expect(model(12, 6).positions).toBe("rotary");
  expect(modelOptions({ width: 12, heads: 4, positions: "alibi-flat" }).positions).toBe("alibi-flat");
});

test("only a window lets a model go on beyond its context, and only where no positions are learned", () => {
  const unbounded = (window: number) =>
    POSITIONS.filter((positions) => isUnbounded(modelConfig(modelOptions({ positions, window }), SMALL_TOKENS, 8)));
  expect(unbounded(0)).toEqual([]);
  expect(unbounded(4)).toEqual(["alibi", "alibi-flat", "rotary", "none"]);
});
