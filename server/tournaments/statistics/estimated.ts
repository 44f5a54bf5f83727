import { quantileOfSorted } from "./quantile.js";
import type { Estimated } from "./statistics-document.js";

/**
 * A value and its 95 % interval. NaN stands for a resample that has no value and is left out; the interval of none is the value's own.
 *
 * Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
 *
 * @param replicates [1 + resamples]: the value, then the values of the resamples
 */
export function estimated(replicates: Float64Array): Estimated {
  const value = replicates[0];
  const resampled = replicates.slice(1).sort(); // NaN comes last
  let found = resampled.length;
  while (found > 0 && Number.isNaN(resampled[found - 1])) found -= 1;
  if (found === 0) return { value, ci95: [value, value] };
  const sorted = resampled.subarray(0, found);
  return { value, ci95: [quantileOfSorted(sorted, 0.025), quantileOfSorted(sorted, 0.975)] };
}

/** The same after a transformation that keeps or turns the order of all values. */
export function transformed({ value, ci95: [low, high] }: Estimated, of: (x: number) => number): Estimated {
  const ends = [of(low), of(high)];
  return { value: of(value), ci95: [Math.min(...ends), Math.max(...ends)] };
}
