/**
 * Order statistics of resamples without sorting them: values are sorted once, and a resample is known by how often each is in it. One walk
 * along the sorted values adds these counts and the counted values up; medians, trimmed means and distribution functions are then looked up.
 */
import { LANES } from "./resampling.js";
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

/** The sample of some values. @param places where the counts of each value begin; by default they stand in the order of the values */
export function sortedSample(values: Float64Array, places?: Int32Array): SortedSample {
  const order = sortedOrder(values);
  const sorted = values.map((_, k) => values[order[k]]);
  const origin = sorted[sorted.length >> 1];
  return {
    values: sorted,
    origin,
    deviations: sorted.map((value) => value - origin),
    places: order.map((i) => (places === undefined ? LANES * i : places[i])),
  };
}

/** What stands below each place of a sorted sample, in each lane: [n + 1, LANES], entry i of the i smallest values. */
export interface Cumulated {
  /** Their number: the sum of their counts. */
  readonly counts: Float64Array;
  /** The sum of their deviations. */
  readonly deviations: Float64Array;
}

/** Room for up to n values. */
export function roomToCumulate(n: number): Cumulated {
  return { counts: new Float64Array(LANES * (n + 1)), deviations: new Float64Array(LANES * (n + 1)) };
}

/** Walks along the sample and adds up. Shapes: counts as `places` says. */
export function cumulate({ places, deviations }: SortedSample, counts: Float64Array, into: Cumulated): void {
  const { counts: below, deviations: sums } = into;
  let count0 = 0;
  let count1 = 0;
  let count2 = 0;
  let count3 = 0;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let i = 0, j = LANES; i < places.length; i++, j += LANES) {
    const place = places[i];
    const deviation = deviations[i];
    const here0 = counts[place];
    const here1 = counts[place + 1];
    const here2 = counts[place + 2];
    const here3 = counts[place + 3];
    below[j] = count0 += here0;
    below[j + 1] = count1 += here1;
    below[j + 2] = count2 += here2;
    below[j + 3] = count3 += here3;
    sums[j] = sum0 += here0 * deviation;
    sums[j + 1] = sum1 += here1 * deviation;
    sums[j + 2] = sum2 += here2 * deviation;
    sums[j + 3] = sum3 += here3 * deviation;
  }
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
