/** Means of resamples. */
import { LANES, resampledSums } from "./resampling.js";

/** Values whose means are taken: NaN is left out, as if the trial had not been drawn. */
export interface MeanOf {
  /** The first value: sums are of differences from it, so that equal values have exactly their own mean. */
  readonly origin: number;
  /** values - origin, 0 where left out. */
  readonly deviations: Float64Array;
  /** 1, or 0 where left out; absent where nothing is. */
  readonly present?: Float64Array;
}

/** Prepares values [n]. */
export function meanOfValues(values: Float64Array): MeanOf {
  const origin = values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  const deviations = values.map((value) => (Number.isNaN(value) ? 0 : value - origin));
  const present = values.some(Number.isNaN) ? values.map((value) => (Number.isNaN(value) ? 0 : 1)) : undefined;
  return { origin, deviations, present };
}

const drawn = new Float64Array(LANES);
const sums = new Float64Array(LANES);

/**
 * means[at + lane] = mean of the values that are in the lane's resample; NaN where none is.
 *
 * @param counts [n, LANES]
 * @param total the sum of a lane's counts
 */
export function resampledMeans(of: MeanOf, counts: Float64Array, total: number, means: Float64Array, at = 0): void {
  resampledSums(of.deviations, counts, sums);
  if (of.present === undefined) drawn.fill(total);
  else resampledSums(of.present, counts, drawn);
  for (let lane = 0; lane < LANES; lane++) means[at + lane] = of.origin + sums[lane] / drawn[lane];
}
