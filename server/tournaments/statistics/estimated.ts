import { quantileOf } from "./quantile.js";
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
  const copy = new Float64Array(replicates.length - 1);
  let found = 0;
  for (let r = 1; r < replicates.length; r++) if (!Number.isNaN(replicates[r])) copy[found++] = replicates[r];
  if (found === 0) return { value, ci95: [value, value] };
  const resampled = copy.subarray(0, found);
  return { value, ci95: [quantileOf(resampled, 0.025), quantileOf(resampled, 0.975)] };
}

/** The same after a transformation that keeps or turns the order of all values. */
export function transformed({ value, ci95: [low, high] }: Estimated, of: (x: number) => number): Estimated {
  const ends = [of(low), of(high)];
  return { value: of(value), ci95: [Math.min(...ends), Math.max(...ends)] };
}
