/**
 * Probability that a run of one entrant beats a run of another: the Mann-Whitney U statistic over the number of pairs of runs, ties counted
 * half.
 *
 * Source: Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
 */
import { LANES } from "./resampling.js";
import type { Cumulated, SortedSample } from "./sorted-sample.js";

/** Where each value of one sample falls among the sorted values of another: LANES times the number of those that are ... */
export interface Standing {
  /** ... less, [n]. */
  readonly below: Int32Array;
  /** ... less or equal, [n]: the same array as `below` where no two values are equal. */
  readonly notAbove: Int32Array;
}

/** Standing of `a` among `b`, in the order of the values before sorting; both samples have their counts in that order. */
export function standingAmong(a: SortedSample, b: SortedSample): Standing {
  const below = new Int32Array(a.values.length);
  const notAbove = new Int32Array(a.values.length);
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

/**
 * probabilities[lane] = probability that a value of `a` is less than one of `b`, ties counted half, in each lane [LANES].
 *
 * @param counts of a's values in the lanes, [n, LANES]
 * @param cumulated of b's
 */
export function probabilitiesOfLess(
  { below, notAbove }: Standing,
  counts: Float64Array,
  cumulated: Cumulated,
  probabilities: Float64Array,
): void {
  const pairs = below.length ** 2;
  probabilities.fill(0);
  addPairs(below, counts, cumulated.counts, probabilities);
  if (notAbove === below) for (let lane = 0; lane < LANES; lane++) probabilities[lane] *= 2;
  else addPairs(notAbove, counts, cumulated.counts, probabilities);
  for (let lane = 0; lane < LANES; lane++) probabilities[lane] = 1 - probabilities[lane] / (2 * pairs);
}

/** into[lane] += sum over i of counts[i, lane] cumulated[at[i] + lane]: whole numbers, so exact. */
function addPairs(at: Int32Array, counts: Float64Array, cumulated: Float64Array, into: Float64Array): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let i = 0, j = 0; i < at.length; i++, j += LANES) {
    const k = at[i];
    sum0 += counts[j] * cumulated[k];
    sum1 += counts[j + 1] * cumulated[k + 1];
    sum2 += counts[j + 2] * cumulated[k + 2];
    sum3 += counts[j + 3] * cumulated[k + 3];
  }
  into[0] += sum0;
  into[1] += sum1;
  into[2] += sum2;
  into[3] += sum3;
}
