/** What a model is, apart from its weights: its shape, as `model` in a training's spec and in a checkpoint's config.json. */
import { IcrlError } from "../../common/errors.js";
import { choice, integer, number, type Resolved, resolveOptions } from "../../common/options.js";
import { type CamelCased, toCamelCase } from "../../common/snake-case.js";
import { armWeightCount } from "./arm-scores.js";
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
  positions: choice(["learned", "alibi"], {
    default: "learned",
    help: "one vector per position, or relative: scores fall with distance (Press et al. 2022)",
  }),
  window: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    help: "tokens a token sees, itself among them; 0: all before it. With alibi positions the model then plays trials of any length",
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
 * @throws OPTION_UNKNOWN, OPTION_INVALID if the options are not in the table, or the width is not a multiple of the heads
 */
export function modelOptions(given: Readonly<Record<string, unknown>>): ModelOptions {
  const options = toCamelCase(resolveOptions(MODEL_OPTIONS, given, "the model"));
  if (options.width % options.heads === 0) return options;
  throw new IcrlError(
    "OPTION_INVALID",
    `the model's width ${options.width} is not a multiple of its ${options.heads} heads: give a width that is`,
    { option: "width" },
  );
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

/** Whether a model can go on beyond its context: its weights know distances only, and it forgets what is too far away. */
export function isUnbounded({ positions, window }: ModelConfig): boolean {
  return positions === "alibi" && window > 0;
}

/**
 * Slope of head h's distance penalty, 2^(-8 (h + 1) / H): a score falls by it with each token of distance.
 *
 * Source: Press, Smith & Lewis (2022), "Train Short, Test Long: Attention with Linear Biases ...", section 3.
 * Differs: the same geometric sequence where H is no power of two.
 */
export function alibiSlope(head: number, heads: number): number {
  return 2 ** ((-8 * (head + 1)) / heads);
}
