/** Means of resamples. */
import { type Kernels, LANES } from "./kernels.js";

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
export function meanOfValues(values: Float64Array, kernels: Kernels): MeanOf {
  const origin = values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  const deviations = kernels.floats(values.length);
  for (let i = 0; i < values.length; i++) deviations[i] = Number.isNaN(values[i]) ? 0 : values[i] - origin;
  if (!values.some(Number.isNaN)) return { origin, deviations };
  const present = kernels.floats(values.length);
  for (let i = 0; i < values.length; i++) present[i] = Number.isNaN(values[i]) ? 0 : 1;
  return { origin, deviations, present };
}

/** Takes the means of resamples. */
export interface MeanTaker {
  /**
   * means[at + lane] = mean of the values that are in the lane's resample; NaN where none is.
   *
   * @param counts [n, LANES]
   * @param total the sum of a lane's counts
   */
  take(of: MeanOf, counts: Float64Array, total: number, means: Float64Array, at?: number): void;
}

/** With the loops in whose memory values and counts are. */
export function meanTaker(kernels: Kernels): MeanTaker {
  const sums = kernels.floats(LANES);
  const drawn = kernels.floats(LANES);
  return {
    take(of, counts, total, means, at = 0) {
      kernels.sums(of.deviations, counts, sums);
      if (of.present === undefined) drawn.fill(total);
      else kernels.sums(of.present, counts, drawn);
      for (let lane = 0; lane < LANES; lane++) means[at + lane] = of.origin + sums[lane] / drawn[lane];
    },
  };
}
