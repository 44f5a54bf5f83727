import { quantileOf } from "./quantile.js";
import type { Estimated } from "./statistics-document.js";

/**
 * A value and its 95 % interval by percentile bootstrap; of fewer than two trials (or instances, where these are resampled) resamples say nothing, and there is none. NaN stands for a
 * resample that has no value and is left out.
 *
 * Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
 *
 * @param replicates [1 + resamples] and more, which are left out: the value, then the values of the resamples
 * @param units that were resampled, trials or instances; the fewest of a task's where there are several
 */
export function estimated(replicates: Float64Array, resamples: number, units: number): Estimated {
  const value = replicates[0];
  if (units < 2) return { value, ci95: null };
  const copy = new Float64Array(resamples);
  let found = 0;
  for (let r = 1; r <= resamples; r++) if (!Number.isNaN(replicates[r])) copy[found++] = replicates[r];
  if (found === 0) return { value, ci95: null };
  const resampled = copy.subarray(0, found);
  return { value, ci95: [quantileOf(resampled, 0.025), quantileOf(resampled, 0.975)] };
}

/** The same after a transformation that keeps or turns the order of all values. */
export function transformed({ value, ci95 }: Estimated, of: (x: number) => number): Estimated {
  if (ci95 === null) return { value: of(value), ci95 };
  const ends = ci95.map(of);
  return { value: of(value), ci95: [Math.min(...ends), Math.max(...ends)] };
}
