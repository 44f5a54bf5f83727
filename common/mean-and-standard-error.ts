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

/** The mean, NaN of no values. Summed as differences from the first value: exact where all are equal. */
export function meanOf(values: ArrayLike<number>): number {
  const origin = values[0];
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i] - origin;
  return origin + sum / values.length;
}
