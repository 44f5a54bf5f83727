import { type Slices, workMeter } from "../common/slices.js";
import { estimated } from "./estimated.js";
import { createKernels, type Kernels, LANES } from "./kernels.js";
import { meanOfValues, meanTaker } from "./resampled-mean.js";
import { drawnUnits, type Resampling, replicates, resamplesOf, resamplingRng } from "./resampling.js";
import type { Estimated } from "./statistics-document.js";

/** Bytes of values that are held at a time, for which the trials are resampled anew. */
const VALUE_BYTES = 2 ** 26;

/**
 * Means of a task's trials, of each entrant, with their intervals: those of `tournamentStatistics` for the same resampling, to the last bit. A
 * resample takes the same trials of all entrants, whatever their names and however many they are: equal values have equal intervals.
 *
 * A generator, because 2,000 resamples of 20 entrants' 100,000 trials take seconds: it yields every few milliseconds and returns the estimates.
 *
 * Shapes: values entrants x [trials], in the order of the trials.
 *
 * @param kernels whose memory is used and given up at the end: of many tasks, each one's after the other's
 * @param instances that the trials take in turn, as `TaskTrials` has it: they are resampled then
 */
export function* bootstrapMeans(
  task: string,
  values: readonly Float64Array[],
  resampling: Pick<Resampling, "resamples" | "seed">,
  kernels: Kernels = createKernels(),
  instances?: number,
): Slices<Estimated[]> {
  const trials = values[0]?.length ?? 0;
  const chunk = Math.max(1, Math.floor(VALUE_BYTES / (8 * trials || 1)));
  const pauseIsDue = workMeter();
  const estimates: Estimated[] = [];
  for (let begin = 0; begin < values.length; begin += chunk) {
    const resamples = resamplesOf(kernels.floats(LANES * trials), resamplingRng(resampling.seed, task), { instances });
    const means = meanTaker(kernels);
    const entrants = values
      .slice(begin, begin + chunk)
      .map((own) => ({ of: meanOfValues(own, kernels), replicates: replicates(resampling) }));
    for (let first = 0; first <= resampling.resamples; first += LANES) {
      resamples.next();
      for (const { of, replicates } of entrants) {
        means.take(of, resamples.counts, trials, replicates, first);
        if (pauseIsDue(LANES * trials)) yield;
      }
    }
    const units = drawnUnits(trials, instances);
    estimates.push(...entrants.map(({ replicates }) => estimated(replicates, resampling.resamples, units)));
    kernels.release();
  }
  return estimates;
}
