/**
 * A model's shape as the engine computes it: every size is a multiple of 8, the columns of a tile. What is added is zero and stays so:
 * the weights beyond a tensor's own are zero, and so are their gradients.
 */
import { IcrlError } from "../../../common/errors.js";
import { headOutputs, type ModelConfig } from "../model-config.js";
import { distanceSlopes } from "../positions.js";

/** Sizes in elements. Constants of a compiled module. */
export interface EngineShape {
  readonly layers: number;
  /** D. */
  readonly width: number;
  /** H. */
  readonly heads: number;
  /** dh: columns of a head, in multiples of 8. */
  readonly headWidth: number;
  /** H dh: columns of all heads. */
  readonly attentionWidth: number;
  /** Scores are multiplied by it: of the model's own head width. */
  readonly scale: number;
  /** R. */
  readonly hidden: number;
  /** From one row of hidden units to the next, and of gradients of q, k and v. */
  readonly hiddenStride: number;
  readonly qkvStride: number;
  /** F. */
  readonly features: number;
  /** Columns of the logits: A, or K where they are the head's first outputs. */
  readonly actions: number;
  /** K, outputs of the head. */
  readonly outputs: number;
  /** Tokens a decision. */
  readonly stride: number;
  /** Rows of a sequence's arrays. */
  readonly rows: number;
  /** Columns of a head's scores: an odd multiple of 8, so that rows do not meet in the same sets of the cache. */
  readonly scoreColumns: number;
  /** Tokens a token sees; no fewer than rows: all before it. */
  readonly reach: number;
  readonly attention: "softmax" | "relu";
  /** Whether scores of any head fall with distance. */
  readonly sloped: boolean;
  /** Whether queries and keys are turned by their positions. */
  readonly rotary: boolean;
  readonly norm: "pre" | "post";
  readonly dropout: number;
}

/** The least multiple of 8 that is not less. */
export const padded = (n: number): number => Math.ceil(n / 8) * 8;

/** A row's stride. Rows a multiple of 512 bytes apart would meet in few sets of the cache: they are a line longer. */
const strideFor = (columns: number): number => (columns % 128 === 0 ? columns + 16 : columns);

/** Whether the engine computes models of that width. */
export const takesWidth = (width: number): boolean => width % 8 === 0;

/**
 * The shape of a model.
 *
 * @throws BACKEND_UNAVAILABLE if the width is not a multiple of 8
 */
export function engineShape(config: ModelConfig): EngineShape {
  const { layers, width, heads, ffRatio, tokenSize, maxActions, stride, context, window } = config;
  if (!takesWidth(width)) {
    const why = `computes widths that are multiples of 8, not ${width}: the back ends tensorflow, wasm and cpu take any`;
    throw new IcrlError("BACKEND_UNAVAILABLE", `back end engine ${why}`, { backend: "engine", why });
  }
  const rows = padded(context);
  const headWidth = padded(width / heads);
  const outputs = padded(headOutputs(config));
  return {
    layers,
    width,
    heads,
    headWidth,
    attentionWidth: heads * headWidth,
    scale: Math.sqrt(heads / width),
    hidden: ffRatio * width,
    hiddenStride: strideFor(ffRatio * width),
    qkvStride: strideFor(3 * heads * headWidth),
    features: padded(tokenSize),
    actions: config.armDim === 0 ? outputs : padded(maxActions),
    outputs,
    stride,
    rows,
    scoreColumns: (rows / 8) % 2 === 1 ? rows : rows + 8,
    reach: window === 0 ? rows : Math.min(window, rows),
    attention: config.attention,
    sloped: distanceSlopes(config.positions, heads).some((slope) => slope > 0),
    rotary: config.positions === "rotary",
    norm: config.norm,
    dropout: config.dropout,
  };
}
