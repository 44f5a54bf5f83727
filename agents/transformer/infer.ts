/**
 * The forward pass one token at a time, with what earlier tokens are remembered by: their keys and values, layer by layer. The cost
 * of a token is linear in the tokens it sees, and no token is computed twice. Without a tensor library.
 *
 * Arithmetic is in double, with the float32 weights; keys and values are rounded to float32 when they are remembered.
 *
 * Shapes: F token_size, D width, H heads, d = D / H, r ff_ratio, K headOutputs. Linear weights [out, in].
 */
import {
  type Affine,
  add,
  addKeyProducts,
  addSparseProduct,
  exponentiate,
  mixValues,
  multiply,
  normalise,
  rectify,
} from "./decoder-kernels.js";
import { alibiSlope, headOutputs, isUnbounded, type ModelConfig } from "./model-config.js";

/** One sequence of tokens, as far as it has come. */
export interface Sequence {
  /** Tokens pushed since it began. */
  readonly length: number;
  /** Reads the next token, [F]. Throws a RangeError beyond the context, unless the model is unbounded. */
  push(token: Float32Array): void;
  /**
   * Writes the head's first `target.length` outputs, read at the token pushed last: logits of as many actions, or all the weights that
   * arms are scored by (arm-scores.ts).
   */
  logits(target: Float32Array | Float64Array): void;
  /** Begins anew, in the same memory. */
  clear(): void;
}

/** A model's weights, ready to be used by any number of sequences. */
export interface Decoder {
  /** A sequence without tokens. */
  sequence(): Sequence;
}

interface Layer {
  readonly norm1: Affine;
  readonly qkv: Affine; // [3 D, D], the rows of q over sqrt(d)
  readonly out: Affine; // [D, D]
  readonly norm2: Affine;
  readonly up: Affine; // [r D, D]
  readonly down: Affine; // transposed: [r D, D]
}

/** Keys and values of a layer's tokens, [tokens, D] each. */
interface Memory {
  keys: Float32Array;
  values: Float32Array;
}

/** Tokens that a new sequence has room for. */
const FIRST_ROOM = 16;

/**
 * A decoder of a model's parameters, which are copied.
 *
 * @param parameters by name, as `parameterSpecs` lists them
 */
export function createDecoder(model: ModelConfig, parameters: ReadonlyMap<string, Float32Array>): Decoder {
  const { layers: count, width, heads, ff_ratio, token_size, context, window } = model;
  const mostOutputs = headOutputs(model);
  const isPre = model.norm === "pre";
  const isSoftmax = model.attention === "softmax";
  const perHead = width / heads;
  const hidden = width * ff_ratio;

  const values = (name: string): Float64Array => {
    const found = parameters.get(name);
    if (found === undefined) throw new RangeError(`the parameters have no "${name}"`);
    return Float64Array.from(found);
  };
  const linear = (name: string): Affine => ({ weight: values(`${name}.weight`), bias: values(`${name}.bias`) });
  const sparse = (name: string, inputs: number): Affine => {
    const { weight, bias } = linear(name);
    return { weight: transposed(weight, inputs), bias };
  };
  const embed = sparse("embed", token_size); // [F, D]
  const positions = model.positions === "learned" ? values("position.weight") : undefined; // [context, D]
  const layers: Layer[] = Array.from({ length: count }, (_, index) => {
    const at = `layers.${index}`;
    const qkv = linear(`${at}.attention.qkv`);
    const scale = 1 / Math.sqrt(perHead);
    for (let i = 0; i < width * width; i += 1) qkv.weight[i] *= scale;
    for (let i = 0; i < width; i += 1) qkv.bias[i] *= scale;
    return {
      norm1: linear(`${at}.norm1`),
      qkv,
      out: linear(`${at}.attention.out`),
      norm2: linear(`${at}.norm2`),
      up: linear(`${at}.mlp.up`),
      down: sparse(`${at}.mlp.down`, hidden),
    };
  });
  const finalNorm = isPre ? linear("final_norm") : undefined;
  const head = linear("head");
  const slopes = Float64Array.from({ length: heads }, (_, h) =>
    model.positions === "alibi" ? alibiSlope(h, heads) : 0,
  );

  // What every push needs for the time that it takes.
  const normed = new Float64Array(width);
  const qkvNow = new Float64Array(3 * width);
  const mixed = new Float64Array(width);
  const activations = new Float64Array(hidden);
  const features = new Float64Array(token_size);
  let scores = new Float64Array(FIRST_ROOM);

  /** Attention of the query in `qkvNow` over `seen` remembered tokens, the first of them at `first`, into `mixed`. */
  function attend({ keys, values }: Memory, first: number, seen: number): void {
    for (let h = 0; h < heads; h += 1) {
      const column = h * perHead;
      const slope = slopes[h];
      for (let j = 0; j < seen; j += 1) scores[j] = slope * (j + 1 - seen);
      addKeyProducts(scores, qkvNow, column, perHead, keys, first * width + column, seen, width);
      const scale = isSoftmax ? exponentiate(scores, seen) : rectify(scores, seen);
      mixValues(mixed, column, perHead, scores, scale, values, first * width + column, seen, width);
    }
  }

  function sequence(): Sequence {
    const x = new Float64Array(width); // the residual stream at the last token
    // A window's tokens lie together: where the room for two windows is used up, the last one moves to the front.
    const most = window === 0 ? context : isUnbounded(model) ? 2 * window : Math.min(2 * window, context);
    let room = Math.min(FIRST_ROOM, most);
    const memories: Memory[] = Array.from({ length: count }, () => ({
      keys: new Float32Array(room * width),
      values: new Float32Array(room * width),
    }));
    let length = 0;
    let kept = 0; // tokens remembered

    function makeRoom(): void {
      if (kept < room) return;
      if (room < most) {
        room = Math.min(2 * room, most);
        for (const memory of memories) {
          memory.keys = enlarged(memory.keys, room * width);
          memory.values = enlarged(memory.values, room * width);
        }
        return;
      }
      const from = (kept - (window - 1)) * width;
      for (const { keys, values } of memories) {
        keys.copyWithin(0, from, kept * width);
        values.copyWithin(0, from, kept * width);
      }
      kept = window - 1;
    }

    return {
      get length() {
        return length;
      },
      clear() {
        length = 0;
        kept = 0;
      },
      push(token) {
        if (length >= context && !isUnbounded(model)) {
          throw new RangeError(`token ${length} is beyond the model's context of ${context} tokens`);
        }
        if (token.length !== token_size) {
          throw new RangeError(`a token of ${token.length} features for a model of ${token_size}`);
        }
        makeRoom();
        if (scores.length < room) scores = new Float64Array(room);
        x.set(embed.bias);
        features.set(token);
        addSparseProduct(x, embed.weight, features);
        if (positions !== undefined) for (let i = 0; i < width; i += 1) x[i] += positions[length * width + i];
        const seen = window === 0 ? kept + 1 : Math.min(kept + 1, window);
        for (let index = 0; index < count; index += 1) {
          const layer = layers[index];
          const memory = memories[index];
          if (isPre) normalise(normed, x, layer.norm1);
          multiply(qkvNow, layer.qkv, isPre ? normed : x);
          for (let i = 0; i < width; i += 1) {
            memory.keys[kept * width + i] = qkvNow[width + i];
            memory.values[kept * width + i] = qkvNow[2 * width + i];
          }
          attend(memory, kept + 1 - seen, seen);
          multiply(normed, layer.out, mixed);
          add(x, normed);
          if (isPre) normalise(normed, x, layer.norm2);
          else normalise(x, x, layer.norm1);
          multiply(activations, layer.up, isPre ? normed : x);
          for (let i = 0; i < hidden; i += 1) if (activations[i] < 0) activations[i] = 0;
          add(x, layer.down.bias);
          addSparseProduct(x, layer.down.weight, activations);
          if (!isPre) normalise(x, x, layer.norm2);
        }
        kept += 1;
        length += 1;
      },
      logits(target) {
        if (length === 0) throw new RangeError("there is no token to read outputs at");
        if (target.length > mostOutputs) throw new RangeError(`the model's head has ${mostOutputs} outputs`);
        let from = x;
        if (finalNorm !== undefined) {
          normalise(normed, x, finalNorm);
          from = normed;
        }
        for (let a = 0; a < target.length; a += 1) {
          let sum = head.bias[a];
          for (let i = 0; i < width; i += 1) sum += head.weight[a * width + i] * from[i];
          target[a] = sum;
        }
      },
    };
  }

  return { sequence };
}

/** [rows, cols] of [cols, rows]. */
function transposed(matrix: Float64Array, rows: number): Float64Array {
  const cols = matrix.length / rows;
  return matrix.map((_, at) => matrix[(at % cols) * rows + Math.floor(at / cols)]);
}

function enlarged(array: Float32Array, length: number): Float32Array {
  const larger = new Float32Array(length);
  larger.set(array);
  return larger;
}
