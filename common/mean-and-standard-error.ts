/** A mean and how well it is known. */
export interface MeanAndStandardError {
  /** null of no values. */
  readonly mean: number | null;
  /** Sample standard deviation / sqrt(n); null of fewer than two values, which say nothing about their spread. */
  readonly se: number | null;
}

/**
 * Mean and standard error of the mean. Equal values give exactly that value and 0, so that entrants with equal trials have equal means.
 */
export function meanAndStandardError(values: ArrayLike<number>): MeanAndStandardError {
  const n = values.length;
  if (n === 0) return { mean: null, se: null };
  const mean = meanOf(values);
  if (n === 1) return { mean, se: null };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, se: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * The same where trials share instances: trials of one instance are not independent, so the standard error is that of a mean over
 * instances. With as many trials of each it is the sample standard deviation of the instances' means / sqrt(instances); with unequally many, that of a
 * ratio of sums. null of fewer than two instances.
 *
 * Source: Cochran (1977), "Sampling Techniques", section 9A.1: a sample of whole clusters, estimated by the ratio to their sizes.
 *
 * @param values of trials; NaN is left out
 * @param instanceOf what value number i is of; undefined: each is of an instance of its own
 */
export function meanAndStandardErrorOfTrials(
  values: ArrayLike<number>,
  instanceOf?: (i: number) => number | string,
): MeanAndStandardError {
  const present = Array.from(values).filter((value) => !Number.isNaN(value));
  if (instanceOf === undefined) return meanAndStandardError(present);
  if (present.length === 0) return { mean: null, se: null };
  const mean = meanOf(present);
  const deviations = new Map<number | string, number>(); // of the instances that have a value: the sum over their trials
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const instance = instanceOf(i);
    deviations.set(instance, (deviations.get(instance) ?? 0) + values[i] - mean);
  }
  const { size } = deviations;
  if (size < 2) return { mean, se: null };
  let squares = 0;
  for (const deviation of deviations.values()) squares += deviation ** 2;
  return { mean, se: Math.sqrt((squares * size) / (size - 1)) / present.length };
}

/** The mean, NaN of no values. Summed as differences from the first value: exact where all are equal. */
export function meanOf(values: ArrayLike<number>): number {
  const origin = values[0];
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i] - origin;
  return origin + sum / values.length;
}
