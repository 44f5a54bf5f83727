/** A model's weights as the decoder's kernels read them: one after the other, in the order of the pass, rows padded to multiples of 8. */
import { headOutputs, type ModelConfig } from "./model-config.js";
import { distanceSlopes } from "./positions.js";

/** Weights, and sizes that follow from them, in elements. */
export interface DecoderWeights {
  /** D, in a multiple of 8; the columns beyond the width are 0. */
  readonly wide: number;
  /** Columns of a head, in a multiple of 4. */
  readonly headWidth: number;
  /** Rows of q, k and v of all heads; of hidden units; of the head's outputs. */
  readonly qkvColumns: number;
  readonly hiddenColumns: number;
  readonly outputColumns: number;
  /** Outputs of the head. */
  readonly outputs: number;
  /** From the embedding to the last layer. */
  readonly layers: Float32Array;
  /** The final norm, if there is one, and the head. */
  readonly head: Float32Array;
  /** Learned positions, [context, wide]; empty where there are none. */
  readonly positions: Float32Array;
  /** Of the heads' distance penalties, in units of the scores; all 0 where there are none. */
  readonly slopes: Float32Array;
}

/** Columns that the kernels compute at once. */
const BLOCKS = [32, 8];

const padded = (n: number, to: number): number => Math.ceil(n / to) * to;

/** 0 .. n - 1, then -1: rows of zeros. */
const upTo = (n: number, length = n): number[] => Array.from({ length }, (_, i) => (i < n ? i : -1));

/**
 * Puts the weights in order.
 *
 * @param parameters by name, as `parameterSpecs` lists them
 * @throws RangeError if one is missing
 */
export function decoderWeights(model: ModelConfig, parameters: ReadonlyMap<string, Float32Array>): DecoderWeights {
  const { width, heads, ffRatio, tokenSize, context } = model;
  const isPre = model.norm === "pre";
  const wide = padded(width, 8);
  const ownWidth = width / heads; // of a head, before it is padded
  const headWidth = padded(ownWidth, 4);
  const hidden = width * ffRatio;

  const values = (name: string): Float32Array => {
    const found = parameters.get(name);
    if (found === undefined) throw new RangeError(`the parameters have no "${name}"`);
    return found;
  };
  const norm = (name: string): Float32Array => {
    const both = new Float32Array(2 * wide);
    both.set(values(`${name}.weight`));
    both.set(values(`${name}.bias`), wide);
    return both;
  };
  const linear = (
    name: string,
    rows: readonly number[],
    columns: readonly number[],
    factor?: (row: number) => number,
  ) => packed(values(`${name}.weight`), values(`${name}.bias`), rows, columns, factor);
  const across = Array.from({ length: heads * headWidth }, (_, i) => {
    const column = i % headWidth;
    return column < ownWidth ? Math.floor(i / headWidth) * ownWidth + column : -1;
  });
  const qkv = [0, 1, 2].flatMap((part) => across.map((row) => (row < 0 ? -1 : part * width + row)));
  while (qkv.length % 8 !== 0) qkv.push(-1);
  // Scores are q . k / sqrt(d) less the slope times the distance; those that softmax takes are exponents of 2.
  const unit = model.attention === "softmax" ? Math.LOG2E : 1;
  const scale = unit / Math.sqrt(ownWidth);
  const ofQuery = (row: number): number => (row < width ? scale : 1);
  const [all, residual] = [upTo(width), upTo(width, wide)];

  const layers = [linear("embed", residual, upTo(tokenSize))];
  for (let layer = 0; layer < model.layers; layer += 1) {
    const at = `layers.${layer}`;
    layers.push(
      norm(`${at}.norm1`),
      linear(`${at}.attention.qkv`, qkv, all, ofQuery),
      linear(`${at}.attention.out`, residual, across),
      norm(`${at}.norm2`),
      linear(`${at}.mlp.up`, upTo(hidden, padded(hidden, 8)), all),
      linear(`${at}.mlp.down`, residual, upTo(hidden)),
    );
  }
  const outputs = headOutputs(model);
  const head = linear("head", upTo(outputs, padded(outputs, 8)), all);
  const positions = new Float32Array(model.positions === "learned" ? context * wide : 0);
  for (let i = 0; i * wide < positions.length; i += 1) {
    positions.set(values("position.weight").subarray(i * width, (i + 1) * width), i * wide);
  }
  return {
    wide,
    headWidth,
    qkvColumns: qkv.length,
    hiddenColumns: padded(hidden, 8),
    outputColumns: padded(outputs, 8),
    outputs,
    layers: joined(layers),
    head: joined(isPre ? [norm("final_norm"), head] : [head]),
    positions,
    slopes: Float32Array.from(distanceSlopes(model.positions, heads), (slope) => unit * slope),
  };
}

/**
 * A product's weights, in blocks of 32 rows and then of 8, each transposed, [columns, 32 or 8]; and its bias. Row -1 and column -1 are
 * zeros.
 *
 * @param rows those of the weights and the bias, in a multiple of 8
 * @param columns those of the weights
 */
function packed(
  weight: Float32Array,
  bias: Float32Array,
  rows: readonly number[],
  columns: readonly number[],
  factor: (row: number) => number = () => 1,
): Float32Array {
  const inputs = weight.length / bias.length;
  const to = new Float32Array(rows.length * (columns.length + 1));
  let begin = 0;
  for (const size of BLOCKS) {
    for (; begin + size <= rows.length; begin += size) {
      for (const [r, row] of rows.slice(begin, begin + size).entries()) {
        if (row < 0) continue;
        const by = factor(row);
        for (const [c, column] of columns.entries()) {
          if (column >= 0) to[begin * columns.length + c * size + r] = by * weight[row * inputs + column];
        }
        to[columns.length * rows.length + begin + r] = by * bias[row];
      }
    }
  }
  return to;
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
