/** Quantile p of ascending values, linear between order statistics (type 7 of Hyndman & Fan 1996); NaN of no values. */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
