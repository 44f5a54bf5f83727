/** Mean, its standard error, variance and its standard error (from the fourth moment) of a sample. */
export function sampleMoments(values: ArrayLike<number>): {
  mean: number;
  meanSe: number;
  variance: number;
  varianceSe: number;
} {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  let second = 0;
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    const square = (values[i] - mean) ** 2;
    second += square;
    fourth += square * square;
  }
  const variance = second / n;
  return {
    mean,
    meanSe: Math.sqrt(variance / n),
    variance,
    varianceSe: Math.sqrt(Math.max(fourth / n - variance ** 2, 0) / n),
  };
}
