/**
 * Random numbers that any process, in any language, can repeat: Threefry keyed by a uint64 seed.
 *
 * A key is a seed's two halves, key0 the high 32 bits and key1 the low. Three uses, which never meet:
 * - draw i of an `Rng` has counter (i mod 2^32, floor(i / 2^32));
 * - `split(name)` takes its key from counter (FNV-1a hash of the name's UTF-8 bytes, 2^32 - 1);
 * - environment noise of (episode, step, channel) has counter (step, episode * 256 + channel).
 *
 * Two words w0, w1 become a uniform by ((w0 >>> 6) * 2^26 + (w1 >>> 6) + 1/2) / 2^52: strictly inside (0, 1).
 */
import { normalQuantile } from "./normal.js";
import { threefry2x32, threefry2x32x4 } from "./threefry.js";

const words = new Int32Array(2);
const fourWords = new Int32Array(8);

function uniformFromWords(): number {
  return uniformOf(words[0], words[1]);
}

function uniformOf(w0: number, w1: number): number {
  return ((w0 >>> 6) * 67108864 + (w1 >>> 6) + 0.5) / 4503599627370496;
}

/** What a noise draw is for. At most 255; the values are part of the replay contract. */
export const CHANNEL = { reward: 0, transition: 1, arms: 2, start: 3 } as const;

/** The key that a uint64 seed gives. */
export interface Key {
  /** High 32 bits, signed. */
  readonly key0: number;
  /** Low 32 bits, signed. */
  readonly key1: number;
}

/** Splits a uint64 seed into a key. */
export function keyFromSeed(seed: bigint): Key {
  return { key0: Number(BigInt.asIntN(32, seed >> 32n)), key1: Number(BigInt.asIntN(32, seed)) };
}

/**
 * Environment noise, uniform in (0, 1): a function of the trial's noise key and of when and for what it is drawn, whatever
 * the agent does.
 *
 * @param episode 0 <= episode < 2^24
 * @param step 0 <= step < 2^32, within the episode
 */
export function noiseUniform(key: Key, episode: number, step: number, channel: number): number {
  threefry2x32(key.key0, key.key1, step, (episode << 8) | channel, words);
  return uniformFromWords();
}

/** Environment noise, standard normal; arguments as for `noiseUniform`. */
export function noiseNormal(key: Key, episode: number, step: number, channel: number): number {
  return normalQuantile(noiseUniform(key, episode, step, channel));
}

/** Steps whose noise a block holds: `noiseUniforms` and `noiseNormals` make a block in half the time of single draws. */
export const NOISE_BLOCK = 8;

/** First step of the block that a step is in. */
export function blockStart(step: number): number {
  return step - (step % NOISE_BLOCK);
}

/**
 * `noiseUniform` of the steps `step` to `step + NOISE_BLOCK - 1`; the other arguments are the same.
 *
 * Shapes: out [offset .. offset + NOISE_BLOCK).
 */
export function noiseUniforms(
  key: Key,
  episode: number,
  step: number,
  channel: number,
  out: Float64Array,
  offset: number,
): void {
  for (let i = 0; i < NOISE_BLOCK; i += 4) {
    threefry2x32x4(key.key0, key.key1, step + i, (episode << 8) | channel, fourWords);
    for (let j = 0; j < 4; j++) out[offset + i + j] = uniformOf(fourWords[2 * j], fourWords[2 * j + 1]);
  }
}

/** `noiseNormal` of as many steps; arguments as for `noiseUniforms`. */
export function noiseNormals(
  key: Key,
  episode: number,
  step: number,
  channel: number,
  out: Float64Array,
  offset: number,
): void {
  noiseUniforms(key, episode, step, channel, out, offset);
  for (let i = offset; i < offset + NOISE_BLOCK; i++) out[i] = normalQuantile(out[i]);
}

/** A generator for many draws at one (episode, step, channel), keyed by the two words drawn there. */
export function noiseRng(key: Key, episode: number, step: number, channel: number): Rng {
  threefry2x32(key.key0, key.key1, step, (episode << 8) | channel, words);
  return new Rng({ key0: words[0], key1: words[1] });
}

/** A sequence of draws. Copies of the same key give the same sequence. */
export class Rng {
  readonly #key0: number;
  readonly #key1: number;
  #low = 0;
  #high = 0;

  constructor(key: Key) {
    this.#key0 = key.key0;
    this.#key1 = key.key1;
  }

  /** Uniform in the open interval (0, 1), 52 bits. */
  uniform(): number {
    threefry2x32(this.#key0, this.#key1, this.#low, this.#high, words);
    this.#low = (this.#low + 1) | 0;
    if (this.#low === 0) this.#high += 1;
    return uniformFromWords();
  }

  /** Standard normal, by the quantile function of one uniform. */
  normal(): number {
    return normalQuantile(this.uniform());
  }

  /** Uniform integer 0 <= x < n, n at most 2^31. Bias below n / 2^52. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** An independent stream: the same name gives the same stream, whatever was drawn before. */
  split(name: string): Rng {
    threefry2x32(this.#key0, this.#key1, fnv1a(name), -1, words);
    return new Rng({ key0: words[0], key1: words[1] });
  }
}

/** A generator seeded by a uint64. */
export function rngFromSeed(seed: bigint): Rng {
  return new Rng(keyFromSeed(seed));
}

/**
 * The categorical transform: smallest k with u < p_0 + ... + p_k, summed left to right in float64; the last k with
 * p_k > 0 where rounding leaves u above the whole sum.
 *
 * Shapes: probabilities [offset .. offset + count), non-negative, summing to 1.
 */
export function categoricalFromUniform(u: number, probabilities: Float64Array, offset: number, count: number): number {
  let sum = 0;
  let last = 0;
  for (let k = 0; k < count; k++) {
    const p = probabilities[offset + k];
    if (p > 0) {
      sum += p;
      last = k;
      if (u < sum) return k;
    }
  }
  return last;
}

const utf8 = new TextEncoder();

const nameHashes = new Map<string, number>(); // names are written in code: there are few

/** 32-bit FNV-1a of the UTF-8 bytes. Source: Fowler, Noll & Vo. */
function fnv1a(name: string): number {
  const known = nameHashes.get(name);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5 | 0;
  for (const byte of utf8.encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  nameHashes.set(name, hash);
  return hash;
}
