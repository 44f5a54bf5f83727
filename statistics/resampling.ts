/** Draws with replacement, the same on every machine: indices from sfc32, in a fifth of the time that `Rng` takes. */
import { type Rng, rngFromSeed } from "../common/rng.js";
import { hash64 } from "../common/seeds.js";
import { LANES } from "./kernels.js";

/** State [4] of `drawIndices`: three words from `rng`, which is advanced, and a counter. */
export function resamplingState(rng: Rng): Int32Array {
  const word = () => Math.floor(rng.uniform() * 4294967296) | 0;
  return Int32Array.of(word(), word(), word(), 1);
}

/**
 * Fills `indices` [n] with integers drawn uniformly from 0 <= index < n, n at most 2^31, and advances `state`. Bias of an index below
 * n / 2^31.
 *
 * Source: Doty-Humphrey (2010), PractRand, generator sfc32.
 */
export function drawIndices(indices: Int32Array, state: Int32Array): void {
  const scale = indices.length / 2147483648;
  let [a, b, c, counter] = state;
  for (let i = 0; i < indices.length; i++) {
    const word = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + word) | 0;
    indices[i] = ((word >>> 1) * scale) | 0;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = counter;
}

/** Resamples behind an interval where nobody asks for others: those of results.json, of the page and of a report. */
export const DEFAULT_RESAMPLES = 2000;

/** How resamples are drawn. */
export interface Resampling {
  readonly resamples: number;
  readonly seed: bigint;
  readonly paired: boolean;
}

/** Replicates of a statistic: the value and `resamples` values of it, and up to three more that nobody needs. */
export function replicates({ resamples }: Pick<Resampling, "resamples">): Float64Array {
  return new Float64Array(LANES * Math.ceil((1 + resamples) / LANES));
}

/**
 * Generator of a task's resamples: the same at every call, so that a task can be resampled again instead of being remembered. That of one
 * entrant where they are resampled apart.
 */
export function resamplingRng(seed: bigint, task: string, entrant?: string): Rng {
  return rngFromSeed(hash64(["icrl.v1", "bootstrap", String(seed), task, ...(entrant === undefined ? [] : [entrant])]));
}

/**
 * How often each trial is in each of the next four resamples: every call of `next` fills `counts` anew. Lane 0 of the first call is the data
 * themselves, each trial once, so that what is computed of resamples gives the value (number 0) along with its resamples (1, 2, ...).
 */
export interface Resamples {
  /** [trials, LANES]. */
  readonly counts: Float64Array;
  next(): void;
}

/**
 * What is drawn when so many trials are resampled: the trials, or the instances that they take in turn. Trials of one instance tell less
 * than as many of others, so an instance is drawn with all of its trials.
 *
 * @param instances undefined: each trial has its own
 */
export const drawnUnits = (trials: number, instances: number | undefined): number =>
  Math.min(trials, instances ?? trials);

/** How trials are drawn. */
export interface Drawing {
  /** Of each trial that is drawn; default 1. */
  readonly weight?: number;
  /** How many instances the trials take in turn, a divisor of their number, so that all resamples have as many; default: each trial has its own. */
  readonly instances?: number | undefined;
}

/** Resamples that are written to `counts` [trials, LANES]: of whole instances, where trials share them. */
export function resamplesOf(counts: Float64Array, rng: Rng, { weight = 1, instances }: Drawing = {}): Resamples {
  const trials = counts.length / LANES;
  const units = drawnUnits(trials, instances);
  const state = resamplingState(rng);
  const indices = new Int32Array(units);
  let first = true;
  return {
    counts,
    next() {
      counts.fill(0);
      for (let lane = 0; lane < LANES; lane++) {
        if (first) for (let i = 0; i < units; i++) indices[i] = i;
        else drawIndices(indices, state);
        first = false;
        for (let i = 0; i < units; i++) {
          for (let trial = indices[i]; trial < trials; trial += units) counts[LANES * trial + lane] += weight;
        }
      }
    },
  };
}
