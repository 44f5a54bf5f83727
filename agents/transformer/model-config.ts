/** What a model is, apart from its weights: its shape, as `model` in a training's spec and in a checkpoint's config.json. */
import { IcrlError } from "../../common/errors.js";
import { choice, integer, number, type Resolved, resolveOptions } from "../../common/options.js";
import { type CamelCased, toCamelCase } from "../../common/snake-case.js";
import { armWeightCount } from "./arm-scores.js";
import { POSITIONS } from "./positions.js";
import { type TokenConfig, tokenSize, tokensPerStep } from "./token-layout.js";

/** What one may choose of a model. */
export const MODEL_OPTIONS = {
  layers: integer({ default: 4, min: 1, max: 64, help: "blocks of attention and feed-forward network" }),
  width: integer({ default: 32, min: 1, max: 4096, help: "size of a token's representation; a multiple of heads" }),
  heads: integer({ default: 4, min: 1, max: 64, help: "attention heads of a layer" }),
  ff_ratio: integer({ default: 4, min: 1, max: 16, help: "hidden units of the feed-forward network, in widths" }),
  attention: choice(["softmax", "relu"], {
    default: "softmax",
    help: "softmax, or ReLU of the scores over the number of visible tokens (Lin, Bai & Mei 2023)",
  }),
  norm: choice(["pre", "post"], { default: "pre", help: "layer norm before each sub-layer, or after its sum" }),
  positions: choice(POSITIONS, {
    default: "learned",
    help:
      "learned: one vector per position; alibi: scores fall with distance (Press et al. 2022); alibi-flat: so they do in the first half of the heads alone; " +
      "rotary: queries and keys are turned by their positions (Su et al. 2021), heads have an even width; none: only which tokens are seen",
  }),
  window: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    help: "tokens a token sees, itself among them; 0: all before it. With one, and positions that are not learned, the model plays trials of any length",
  }),
  dropout: number({ default: 0, min: 0, max: 0.9, help: "share of each sub-layer's output dropped in training" }),
} as const;

/** What was chosen, defaults filled in. */
export type ModelOptions = CamelCased<Resolved<typeof MODEL_OPTIONS>>;

/** A model's shape. */
export interface ModelConfig extends ModelOptions {
  /** F, features of a token. */
  readonly tokenSize: number;
  /** Tokens of the longest sequence it was trained on. */
  readonly context: number;
  /** A, actions it can tell apart. */
  readonly maxActions: number;
  /** d: the head's outputs score each arm by its d features (arm-scores.ts); 0: they are the logits of the actions. */
  readonly armDim: number;
  /** Tokens a decision: logits are read at tokens 0, stride, 2 stride, ... */
  readonly stride: number;
  /** N, numbers that the head gives at each decision beside what makes the logits; absent: none. */
  readonly numbers?: number;
}

/**
 * Checks what is chosen.
 *
 * @throws OPTION_UNKNOWN, OPTION_INVALID if the options are not in the table, the width is not a multiple of the heads, or rotary positions have
 *     heads of an odd width
 */
export function modelOptions(given: Readonly<Record<string, unknown>>): ModelOptions {
  const options = toCamelCase(resolveOptions(MODEL_OPTIONS, given, "the model"));
  const { width, heads, positions } = options;
  if (width % heads !== 0) {
    throw new IcrlError(
      "OPTION_INVALID",
      `the model's width ${width} is not a multiple of its ${heads} heads: give a width that is`,
      { option: "width" },
    );
  }
  if (positions === "rotary" && (width / heads) % 2 !== 0) {
    throw new IcrlError(
      "OPTION_INVALID",
      `the model's heads have ${width / heads} columns of its width ${width}, and positions rotary turn pairs of them: give a width that is an even multiple of its ${heads} heads, or other positions`,
      { option: "width" },
    );
  }
  return options;
}

/**
 * A model for tokens.
 *
 * @param context tokens of the longest sequence
 * @param numbers of the head, as the objective wants
 */
export function modelConfig(options: ModelOptions, tokens: TokenConfig, context: number, numbers = 0): ModelConfig {
  return {
    ...options,
    tokenSize: tokenSize(tokens),
    context,
    maxActions: tokens.maxActions,
    armDim: tokens.layout === "chosen-arm" ? tokens.dim : 0,
    stride: tokensPerStep(tokens),
    ...(numbers > 0 && { numbers }),
  };
}

/** Outputs of the head that make the logits: they are these, or the weights of the arms' scores. */
export function actionOutputs({ armDim, maxActions }: Pick<ModelConfig, "armDim" | "maxActions">): number {
  return armDim === 0 ? maxActions : armWeightCount(armDim);
}

/** K, outputs of the head: those that make the logits, then the numbers. */
export function headOutputs(model: Pick<ModelConfig, "armDim" | "maxActions" | "numbers">): number {
  return actionOutputs(model) + (model.numbers ?? 0);
}

/** Whether a model can go on beyond its context: its weights know distances at most, and it forgets what is too far away. */
export function isUnbounded({ positions, window }: ModelConfig): boolean {
  return positions !== "learned" && window > 0;
}
