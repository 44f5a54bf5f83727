/**
 * The model, in tfjs: a decoder-only transformer over a trial's tokens whose logits are those of the actions.
 *
 * x = tokens W_e' + b_e + position, where positions are learned; then for each layer, with layer norm before (`pre`)
 *     x += attention(norm1(x));  x += mlp(norm2(x))
 * or after (`post`)
 *     x = norm1(x + attention(x));  x = norm2(x + mlp(x));
 * mlp(x) = relu(x W_up' + b_up) W_down' + b_down; logits = final_norm(x) W_h' + b_h (`post`: without the norm), at decision tokens. Where
 * arms are scored by their features, these are the weights of the scores, which are the logits (arm-scores.ts). The head's last N outputs are
 * numbers of their own, where an objective wants some.
 *
 * Token i sees tokens j with j <= i and, where there is a window w, j > i - w; n_i is how many those are. With scores
 * s_ij = q_i . k_j / sqrt(D / H), less (i - j) times the head's slope, q and k turned where positions are rotary (positions.ts), head h gives
 *     softmax: sum_j softmax_j(s_ij) v_j;   relu: sum_j relu(s_ij) v_j / n_i.
 *
 * Shapes: B sequences, L tokens, T = ceil(L / stride) decisions, F tokenSize, D width, H heads, A maxActions, d armDim, N numbers.
 * Source: Vaswani et al. (2017); Xiong et al. (2020) for `pre`; Lin, Bai & Mei (2023), section 2 and appendix, for `relu`.
 * Differs: Lin, Bai & Mei divide by the position alone; here by the number of tokens seen, which is the same without a window.
 */
import * as tf from "@tensorflow/tfjs";
import { armTerms } from "./arm-scores.js";
import { actionOutputs, type ModelConfig } from "./model-config.js";
import { distanceSlopes, rotation } from "./positions.js";

/** Parameters by name, as `parameterSpecs` lists them. */
export type ParameterTensors = Readonly<Record<string, tf.Tensor>>;

const NORM_EPSILON = 1e-5;
/** Of a score that is not seen: its softmax is 0 in float32. */
const UNSEEN = -1e9;

/** What the head gives at all decisions. */
export interface HeadTensors {
  /** [B, T, A]. Actions that a task does not have are not masked. */
  readonly logits: tf.Tensor3D;
  /** [B, T, N]; undefined where there are none. */
  readonly numbers: tf.Tensor3D | undefined;
}

/**
 * The forward pass. Its tensors are the caller's to dispose of.
 *
 * Shapes: tokens [B, L, F]; arms [B, T, A, d], for a model that scores them.
 *
 * @param dropoutSeed what dropout is drawn from; absent: none
 */
export function forward(
  config: ModelConfig,
  parameters: ParameterTensors,
  tokens: tf.Tensor3D,
  { arms, dropoutSeed }: { readonly arms?: Float32Array | undefined; readonly dropoutSeed?: number | undefined } = {},
): HeadTensors {
  const made = tf.tidy(() => {
    const {
      layers,
      width,
      heads,
      norm,
      positions,
      stride,
      tokenSize,
      maxActions,
      armDim,
      dropout,
      numbers = 0,
    } = config;
    const [batch, length] = tokens.shape;
    const rows = batch * length;
    const weigh = attentionWeights(config, length);
    const turn = positions === "rotary" ? rotary(length, width / heads) : (x: tf.Tensor) => x;

    const linear = (x: tf.Tensor2D, name: string): tf.Tensor2D =>
      tf.add(
        tf.matMul(x, parameters[`${name}.weight`] as tf.Tensor2D, false, true),
        parameters[`${name}.bias`],
      ) as tf.Tensor2D;

    const layerNorm = (x: tf.Tensor2D, name: string): tf.Tensor2D => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, NORM_EPSILON)));
      return tf.add(tf.mul(scaled, parameters[`${name}.weight`]), parameters[`${name}.bias`]) as tf.Tensor2D;
    };

    let drops = 0;
    const drop = (x: tf.Tensor2D): tf.Tensor2D => {
      if (dropoutSeed === undefined || dropout === 0) return x;
      drops += 1;
      return tf.dropout(x, dropout, undefined, `${dropoutSeed}:${drops}`) as tf.Tensor2D;
    };

    /** [B L, D] -> [B, H, L, D / H]. */
    const byHead = (x: tf.Tensor2D) => tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);

    const attention = (x: tf.Tensor2D, at: string): tf.Tensor2D => {
      const [q, k, v] = (tf.split(linear(x, `${at}.attention.qkv`), 3, 1) as tf.Tensor2D[]).map(byHead);
      const scores = tf.mul(tf.matMul(turn(q), turn(k), false, true), Math.sqrt(heads / width)); // [B, H, L, L]
      const mixed = tf.transpose(tf.matMul(weigh(scores), v), [0, 2, 1, 3]);
      return linear(tf.reshape(mixed, [rows, width]), `${at}.attention.out`);
    };

    const mlp = (x: tf.Tensor2D, at: string): tf.Tensor2D =>
      linear(tf.relu(linear(x, `${at}.mlp.up`)), `${at}.mlp.down`);

    let x = linear(tf.reshape(tokens, [rows, tokenSize]), "embed");
    if (positions === "learned") {
      const here = tf.slice(parameters["position.weight"], [0, 0], [length, width]);
      x = tf.reshape(tf.add(tf.reshape(x, [batch, length, width]), here), [rows, width]);
    }
    x = drop(x);
    for (let layer = 0; layer < layers; layer += 1) {
      const at = `layers.${layer}`;
      if (norm === "pre") {
        x = tf.add(x, drop(attention(layerNorm(x, `${at}.norm1`), at)));
        x = tf.add(x, drop(mlp(layerNorm(x, `${at}.norm2`), at)));
      } else {
        x = layerNorm(tf.add(x, drop(attention(x, at))), `${at}.norm1`);
        x = layerNorm(tf.add(x, drop(mlp(x, at))), `${at}.norm2`);
      }
    }
    const decisions = Math.ceil(length / stride);
    if (stride > 1) x = everyOther(x, batch, length, width);
    if (norm === "pre") x = layerNorm(x, "final_norm");
    const outputs = linear(x, "head"); // [B T, K]
    const weights = actionOutputs(config);
    const forActions = numbers === 0 ? outputs : tf.slice(outputs, [0, 0], [-1, weights]);
    const rest =
      numbers === 0 ? [] : [tf.reshape(tf.slice(outputs, [0, weights], [-1, numbers]), [batch, decisions, numbers])];
    const shape: [number, number, number] = [batch, decisions, maxActions];
    if (armDim === 0) return [tf.reshape(forActions, shape), ...rest] as tf.Tensor3D[];
    if (arms === undefined) throw new RangeError("the model scores arms, and there are none");
    const terms = tf.tensor3d(armTerms(arms, armDim), [batch * decisions, maxActions, weights]);
    return [tf.reshape(tf.matMul(terms, tf.reshape(forActions, [-1, weights, 1])), shape), ...rest] as tf.Tensor3D[];
  });
  return { logits: made[0], numbers: made[1] };
}

/** Tokens 0, 2, 4, ... of each sequence: [B L, D] -> [B T, D]. */
function everyOther(x: tf.Tensor2D, batch: number, length: number, width: number): tf.Tensor2D {
  const sequences = tf.reshape(x, [batch, length, width]);
  const even = length % 2 === 0 ? sequences : tf.pad(sequences, [[0, 0], [0, 1], [0, 0]]); // biome-ignore format: pairs
  const pairs = tf.reshape(even, [batch * Math.ceil(length / 2), 2, width]);
  return tf.reshape(tf.slice(pairs, [0, 0, 0], [-1, 1, width]), [-1, width]);
}

/** What turns queries and keys, [B, H, L, d] both. */
function rotary(length: number, columns: number): (x: tf.Tensor) => tf.Tensor {
  const write = rotation(columns);
  const [cosines, sines] = [new Float32Array(length * columns), new Float32Array(length * columns)];
  for (let i = 0; i < length; i += 1) {
    const row = (of: Float32Array) => of.subarray(i * columns, (i + 1) * columns);
    write(i, row(cosines), row(sines));
  }
  const [cos, sin] = [cosines, sines].map((values) => tf.tensor(values, [1, 1, length, columns]));
  // A product with this puts the columns of each pair in each other's place, on every back end, and backwards too.
  const swap = tf.tensor2d(
    Float32Array.from({ length: columns * columns }, (_, at) =>
      Math.floor(at / columns) === ((at % columns) ^ 1) ? 1 : 0,
    ),
    [columns, columns],
  );
  return (x) => {
    const others = tf.reshape(tf.matMul(tf.reshape(x, [-1, columns]) as tf.Tensor2D, swap), x.shape);
    return tf.add(tf.mul(x, cos), tf.mul(others, sin));
  };
}

/** What makes weights of scores, [B, H, L, L] both. */
function attentionWeights(config: ModelConfig, length: number): (scores: tf.Tensor) => tf.Tensor {
  const { attention, positions, heads, window } = config;
  const reach = window === 0 ? length : window;
  const slopes = distanceSlopes(positions, heads);
  const sloped = slopes.some((slope) => slope > 0);
  const planes = sloped ? heads : 1;
  const penalty = new Float32Array(planes * length * length); // [H or 1, L, L]
  const share = new Float32Array(length * length); // 1 / n_i where j is seen
  for (let i = 0; i < length; i += 1) {
    for (let j = 0; j < length; j += 1) {
      const seen = j <= i && j > i - reach;
      if (seen) share[i * length + j] = 1 / Math.min(i + 1, reach);
      for (let plane = 0; plane < planes; plane += 1) {
        const at = (plane * length + i) * length + j;
        penalty[at] = seen ? -slopes[plane] * (i - j) : attention === "softmax" ? UNSEEN : 0;
      }
    }
  }
  const added = tf.tensor(penalty, [1, planes, length, length]);
  if (attention === "softmax") return (scores) => tf.softmax(tf.add(scores, added));
  const shares = tf.tensor(share, [1, 1, length, length]);
  return (scores) => tf.mul(tf.relu(sloped ? tf.add(scores, added) : scores), shares);
}
