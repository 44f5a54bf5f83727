/**
 * What a tournament says of its trials: means with standard errors, bootstrap intervals, ranks.
 *
 * Every function is given values in trial order, so that results do not depend on which trial was finished first.
 */
import type { Rng } from "../../common/rng.js";

/** A mean and how well it is known. */
export interface MeanAndStandardError {
  readonly mean: number;
  /** Sample standard deviation / sqrt(n); 0 for one value. */
  readonly se: number;
}

/**
 * Mean and standard error of the mean. NaN of no values. Equal values give exactly that value and 0, so that entrants
 * with equal trials have equal means.
 */
export function meanAndStandardError(values: ArrayLike<number>): MeanAndStandardError {
  const n = values.length;
  if (n === 0) return { mean: Number.NaN, se: Number.NaN };
  const mean = meanOf(values);
  if (n === 1) return { mean, se: 0 };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, se: Math.sqrt(squares / (n - 1) / n) };
}

/** Summed as differences from the first value: exact where all are equal. */
function meanOf(values: ArrayLike<number>): number {
  const origin = values[0];
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i] - origin;
  return origin + sum / values.length;
}

/** Both ends belong to the interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How an interval is drawn. */
export interface BootstrapOptions {
  /** Number of resamples. Default 2,000. */
  readonly resamples?: number;
  /** Coverage, 0 < level < 1. Default 0.95. */
  readonly level?: number;
  /** Source of all randomness; it is advanced. */
  readonly rng: Rng;
}

/** Index draws between two pauses: a few milliseconds of work. */
const DRAWS_PER_SLICE = 500_000;

/**
 * Percentile bootstrap of the mean: the (1 - level) / 2 and (1 + level) / 2 quantiles (linear between order statistics)
 * of the means of resamples drawn with replacement. NaN of no values; the value itself of one.
 *
 * A generator, because 100,000 values take two or three seconds: it yields every few milliseconds and returns the
 * interval. `runInSlices` drives it without blocking an event loop, `bootstrapMeanInterval` drives it to its end at
 * once.
 *
 * Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
 */
export function* bootstrapSlices(values: ArrayLike<number>, options: BootstrapOptions): Generator<void, Interval> {
  const { resamples = 2000, level = 0.95, rng } = options;
  const n = values.length;
  if (n === 0) return { low: Number.NaN, high: Number.NaN };
  const centre = meanOf(values);
  const deviations = new Float64Array(n);
  for (let i = 0; i < n; i++) deviations[i] = values[i] - centre;
  const state = seedResampling(rng);
  const means = new Float64Array(resamples);
  let draws = 0;
  for (let r = 0; r < resamples; r++) {
    means[r] = centre + resampledSum(deviations, state) / n;
    draws += n;
    if (draws >= DRAWS_PER_SLICE) {
      draws = 0;
      yield;
    }
  }
  means.sort();
  return { low: quantileOfSorted(means, (1 - level) / 2), high: quantileOfSorted(means, (1 + level) / 2) };
}

/** State [4] of the generator in `resampledSum`, three words from `rng` and a counter. */
function seedResampling(rng: Rng): Int32Array {
  const word = () => Math.floor(rng.uniform() * 4294967296) | 0;
  return Int32Array.of(word(), word(), word(), 1);
}

/**
 * Sum of n values drawn with replacement from n. Its indices come from sfc32, in place, in half the time that the
 * counter-based generator takes. Bias of an index below n / 2^31.
 *
 * Source: Doty-Humphrey (2010), PractRand, generator sfc32.
 */
function resampledSum(values: Float64Array, state: Int32Array): number {
  const n = values.length;
  const scale = n / 2147483648;
  let [a, b, c, counter] = state;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const word = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    sum += values[((word >>> 1) * scale) | 0];
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = counter;
  return sum;
}

/** The interval of `bootstrapSlices`, at once: for up to some thousand values. */
export function bootstrapMeanInterval(values: ArrayLike<number>, options: BootstrapOptions): Interval {
  const slices = bootstrapSlices(values, options);
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
  }
}

/** Drives a generator to its end, waiting for `pause` (a turn of the event loop, say) wherever it yields. */
export async function runInSlices<T>(slices: Generator<void, T>, pause: () => Promise<unknown>): Promise<T> {
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
    await pause();
  }
}

/** Quantile p of ascending values, linear between order statistics (type 7 of Hyndman & Fan 1996). */
function quantileOfSorted(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** An entry with its place. */
export interface Ranked<E> {
  readonly entry: E;
  /** From 1: one more than the number of smaller means. */
  readonly rank: number;
}

/** Entries by ascending mean. Equal means share a rank and keep their order; the next rank leaves room (1, 1, 3). */
export function rankByMean<E extends { readonly mean: number }>(entries: readonly E[]): Ranked<E>[] {
  const sorted = [...entries].sort((a, b) => a.mean - b.mean);
  let rank = 1;
  return sorted.map((entry, i) => {
    if (i > 0 && entry.mean > sorted[i - 1].mean) rank = i + 1;
    return { entry, rank };
  });
}
