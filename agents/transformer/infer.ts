/**
 * The forward pass one token at a time, with what earlier tokens are remembered by: their keys and values, layer by layer. The cost
 * of a token is linear in the tokens it sees, and no token is computed twice. Computed by the engine's kernels of one token, a call a
 * token, in float32, for any model; without a tensor library.
 *
 * A sequence's keys and values are in pages of a memory that the decoder's sequences share. It grows as they do, to 4 GiB at most, and
 * does not shrink: what sequences give back is used again.
 *
 * Shapes: F tokenSize, D width.
 */
import { type DecoderWeights, decoderWeights } from "./decoder-weights.js";
import { type DecoderVariable, PAGE_TOKENS } from "./engine/assembly/decoder.js";
import type { Simd } from "./engine/assembly/prelude.js";
import { availableSimd } from "./engine/available-simd.js";
import { decoderKernels, FREE_FROM } from "./engine/decoder-module.js";
import { pagePool, requireBytes } from "./engine/page-pool.js";
import { isUnbounded, type ModelConfig } from "./model-config.js";
import { rotation } from "./positions.js";

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
  outputs(target: Float32Array | Float64Array): void;
  /** Begins anew, and gives its memory back. So does a sequence that nobody holds any more, when its object is collected. */
  clear(): void;
}

/** A model's weights, ready to be used by any number of sequences. */
export interface Decoder {
  /** Bytes of its memory: the weights, and keys and values of as many tokens as its sequences ever had at once. */
  readonly memoryBytes: number;
  /** A sequence without tokens. */
  sequence(): Sequence;
}

/**
 * A decoder of a model's parameters, which are copied.
 *
 * @param parameters by name, as `parameterSpecs` lists them
 * @param simd instructions: results differ by rounding
 * @throws RangeError if one is missing, or they do not fit into 4 GiB
 */
export function createDecoder(
  model: ModelConfig,
  parameters: ReadonlyMap<string, Float32Array>,
  simd: Simd = availableSimd(),
): Decoder {
  const { layers, width, heads, tokenSize, context, window } = model;
  const weights = decoderWeights(model, parameters);
  const { wide, headWidth, qkvColumns, hiddenColumns, outputColumns, outputs } = weights;
  /** Tokens that are ever in a sequence's pages, but for the last of them. */
  const most = Math.min(isUnbounded(model) ? Infinity : context, window === 0 ? Infinity : window + PAGE_TOKENS);
  const mostPages = Math.ceil(most / PAGE_TOKENS) + 1;

  const { at, positions, end } = placesOf(tokenSize, weights, mostPages, heads);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  requireBytes(memory, end);
  const floats = (from: number, length: number): Float32Array => new Float32Array(memory.buffer, from, length);
  floats(at.weights, weights.layers.length).set(weights.layers);
  floats(at.head, weights.head.length).set(weights.head);
  floats(positions, weights.positions.length).set(weights.positions);
  new Int32Array(memory.buffer, at.mask, width).fill(-1);
  floats(at.slopes, heads).set(weights.slopes);
  const kernels = decoderKernels(memory, simd);
  const variables: Readonly<Record<DecoderVariable, number>> = {
    ...at,
    layers,
    width,
    wide,
    features: tokenSize,
    qkvColumns,
    heads,
    headWidth,
    hidden: width * model.ffRatio,
    hiddenColumns,
    outputs: outputColumns,
    isPre: model.norm === "pre" ? 1 : 0,
    isSoftmax: model.attention === "softmax" ? 1 : 0,
    isSloped: weights.slopes.some((slope) => slope > 0) ? 1 : 0,
    isRotary: model.positions === "rotary" ? 1 : 0,
  };
  for (const [name, value] of Object.entries(variables)) kernels[name as DecoderVariable].value = value;
  const pool = pagePool(memory, end, 4 * (wide + 2 * layers * heads * headWidth * PAGE_TOKENS));
  const abandoned = new FinalizationRegistry<readonly number[]>((pages) => pool.give(pages));

  const tokenNow = floats(at.token, tokenSize);
  const logitsNow = floats(at.logits, outputs);
  // Made for each token at its own position: there are tables of no length, and none is too far along.
  const turn = model.positions === "rotary" ? rotation(width / heads) : undefined;
  const cosinesNow = floats(at.rotation, headWidth);
  const sinesNow = floats(at.rotation + 4 * headWidth, headWidth);
  const table = new Uint32Array(memory.buffer, at.table, mostPages);

  function sequence(): Sequence {
    const pages: number[] = [];
    let length = 0;
    let kept = 0; // tokens in the pages
    const made: Sequence = {
      get length() {
        return length;
      },
      clear() {
        pool.give(pages.splice(0));
        length = 0;
        kept = 0;
      },
      push(token) {
        if (length >= context && !isUnbounded(model)) {
          throw new RangeError(`token ${length} is beyond the model's context of ${context} tokens`);
        }
        if (token.length !== tokenSize) {
          throw new RangeError(`a token of ${token.length} features for a model of ${tokenSize}`);
        }
        let oldest = window === 0 ? 0 : Math.max(0, kept + 1 - window);
        if (oldest >= PAGE_TOKENS) {
          pool.give(pages.splice(0, 1));
          kept -= PAGE_TOKENS;
          oldest -= PAGE_TOKENS;
        }
        if (kept === pages.length * PAGE_TOKENS) pages.push(pool.take());
        tokenNow.set(token);
        turn?.(length, cosinesNow, sinesNow);
        table.set(pages);
        kernels.read(oldest, kept, weights.positions.length === 0 ? 0 : positions + length * wide * 4);
        kept += 1;
        length += 1;
      },
      outputs(target) {
        if (length === 0) throw new RangeError("there is no token to read outputs at");
        if (target.length > outputs) throw new RangeError(`the model's head has ${outputs} outputs`);
        kernels.decide(pages[pages.length - 1]);
        for (let a = 0; a < target.length; a += 1) target[a] = logitsNow[a];
      },
    };
    abandoned.register(made, pages);
    return made;
  }

  return {
    get memoryBytes() {
      return memory.buffer.byteLength;
    },
    sequence,
  };
}

/**
 * Addresses of the arrays in the decoder's memory, in bytes. They lie one after the other, each on a cache line of its own.
 *
 * @param pages of a sequence, at most
 */
function placesOf(tokenSize: number, weights: DecoderWeights, pages: number, heads: number) {
  const { wide, headWidth, qkvColumns, hiddenColumns, outputColumns } = weights;
  let end = FREE_FROM;
  const room = (elements: number): number => {
    const at = end;
    end += Math.ceil((elements * 4) / 64) * 64;
    return at;
  };
  const at = {
    token: room(tokenSize),
    normed: room(wide),
    qkv: room(qkvColumns),
    mixed: room(heads * headWidth),
    activations: room(hiddenColumns),
    scores: room(pages * PAGE_TOKENS),
    table: room(pages),
    mask: room(wide),
    slopes: room(heads),
    rotation: room(2 * headWidth),
    logits: room(outputColumns),
    weights: room(weights.layers.length),
    head: room(weights.head.length),
  };
  const positions = room(weights.positions.length);
  return { at, positions, /** Where what is free begins. */ end };
}
