/**
 * Order statistics of resamples without sorting them: values are sorted once, and a resample is known by how often each is in it. One walk
 * along the sorted values adds these counts and the counted values up; medians, trimmed means and distribution functions are then looked up.
 */
import { type Kernels, LANES } from "./kernels.js";
import { sortedOrder } from "./sorted-order.js";

/** Values in ascending order. */
export interface SortedSample {
  /** [n], ascending. */
  readonly values: Float64Array;
  /** The middle value. Sums are of differences from it, so that they are exact where the middle values are equal. */
  readonly origin: number;
  /** values - origin, [n]. */
  readonly deviations: Float64Array;
  /** Where the counts of each value begin, [n]: LANES times its place before sorting. */
  readonly places: Int32Array;
}

/**
 * The sample of some values.
 *
 * @param placeOf where the counts of value i begin
 */
export function sortedSample(values: Float64Array, kernels: Kernels, placeOf = (i: number) => LANES * i): SortedSample {
  const order = sortedOrder(values);
  const sorted = values.map((_, k) => values[order[k]]);
  const origin = sorted[sorted.length >> 1];
  const deviations = kernels.floats(values.length);
  const places = kernels.integers(values.length);
  for (let k = 0; k < values.length; k++) {
    deviations[k] = sorted[k] - origin;
    places[k] = placeOf(order[k]);
  }
  return { values: sorted, origin, deviations, places };
}

/** What stands below each place of a sorted sample, in each lane: [n + 1, LANES], entry i of the i smallest values. */
export interface Cumulated {
  /** Their number: the sum of their counts. */
  readonly counts: Float64Array;
  /** The sum of their deviations. */
  readonly deviations: Float64Array;
}

/** Room for up to n values. */
export function roomToCumulate(n: number, kernels: Kernels): Cumulated {
  return { counts: kernels.floats(LANES * (n + 1)), deviations: kernels.floats(LANES * (n + 1)) };
}

/** Walks along the sample and adds up. Shapes: counts as `places` says. */
export function cumulate(
  { places, deviations }: SortedSample,
  counts: Float64Array,
  into: Cumulated,
  kernels: Kernels,
): void {
  kernels.cumulate(places, deviations, counts, into.counts, into.deviations);
}

/** The largest i <= n - 1 with counts[i, lane] <= q: the place of the value that covers q, counted from below. */
function placeOf(q: number, n: number, { counts }: Cumulated, lane: number): number {
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (counts[LANES * middle + lane] <= q) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Median of a lane's resample of as many values as the sample has. */
export function median({ values }: SortedSample, cumulated: Cumulated, lane: number): number {
  const n = values.length;
  const upper = values[placeOf(n >> 1, n, cumulated, lane)];
  return n % 2 === 1 ? upper : (values[placeOf((n >> 1) - 1, n, cumulated, lane)] + upper) / 2;
}

/**
 * Mean of the middle half of a lane's resample: of n values, floor(n / 4) are left out at either end. Where the counts are weighted, so
 * much of the weight is: at each end a value may then be in it by a part of its weight.
 *
 * Source: `scipy.stats.trim_mean(values, 0.25)`, which rliable takes.
 */
export function interquartileMean(sample: SortedSample, cumulated: Cumulated, lane: number): number {
  const n = sample.values.length;
  const total = cumulated.counts[LANES * n + lane];
  const cut = (total * (n >> 2)) / n;
  const sumBelow = (q: number): number => {
    const place = placeOf(q, n, cumulated, lane);
    const at = LANES * place + lane;
    return cumulated.deviations[at] + (q - cumulated.counts[at]) * sample.deviations[place];
  };
  return sample.origin + (sumBelow(total - cut) - sumBelow(cut)) / (total - 2 * cut);
}
