/**
 * Probability that a run of one entrant beats a run of another: the Mann-Whitney U statistic over the number of pairs of runs, ties counted
 * half.
 *
 * Source: Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
 */
import { type Kernels, LANES } from "./kernels.js";
import type { Cumulated, SortedSample } from "./sorted-sample.js";

/** Where each value of one sample falls among the sorted values of another: LANES times the number of those that are ... */
export interface Standing {
  /** ... less, [n]. */
  readonly below: Int32Array;
  /** ... less or equal, [n]: the same array as `below` where no two values are equal. */
  readonly notAbove: Int32Array;
}

/** Standing of `a` among `b`, in the order of the values before sorting; both samples have their counts in that order. */
export function standingAmong(a: SortedSample, b: SortedSample, kernels: Kernels): Standing {
  const below = kernels.integers(a.values.length);
  const notAbove = kernels.integers(a.values.length);
  let less = 0;
  let notMore = 0;
  let ties = false;
  for (let i = 0; i < a.values.length; i++) {
    const value = a.values[i];
    while (less < b.values.length && b.values[less] < value) less += 1;
    while (notMore < b.values.length && b.values[notMore] <= value) notMore += 1;
    below[a.places[i] / LANES] = LANES * less;
    notAbove[a.places[i] / LANES] = LANES * notMore;
    ties ||= less < notMore;
  }
  return { below, notAbove: ties ? notAbove : below };
}

/** Tells how probably a value of one sample is less than one of another, ties counted half. */
export interface ComparisonTaker {
  /**
   * probabilities[at + lane], in each lane's resample.
   *
   * @param standing of `a` among `b`
   * @param counts of a's values, [n, LANES]
   * @param cumulated of b's
   */
  take(standing: Standing, counts: Float64Array, cumulated: Cumulated, probabilities: Float64Array, at: number): void;
}

/** With the loops in whose memory all these are. */
export function comparisonTaker(kernels: Kernels): ComparisonTaker {
  const less = kernels.floats(LANES);
  const lessOrEqual = kernels.floats(LANES);
  return {
    take({ below, notAbove }, counts, cumulated, probabilities, at) {
      kernels.products(below, counts, cumulated.counts, less);
      if (notAbove === below) lessOrEqual.set(less);
      else kernels.products(notAbove, counts, cumulated.counts, lessOrEqual);
      const pairs = below.length ** 2;
      for (let lane = 0; lane < LANES; lane++) {
        probabilities[at + lane] = 1 - (less[lane] + lessOrEqual[lane]) / (2 * pairs);
      }
    },
  };
}
