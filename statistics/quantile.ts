/** Quantile p of ascending values, linear between order statistics (type 7 of Hyndman & Fan 1996); NaN of no values. */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** The same of values in any order, which are put into another one: linear time. */
export function quantileOf(values: Float64Array, p: number): number {
  const at = (values.length - 1) * p;
  const below = Math.floor(at);
  const low = select(values, below);
  if (below + 1 >= values.length) return low;
  let high = values[below + 1]; // the least of those that are not below it
  for (let i = below + 2; i < values.length; i++) if (values[i] < high) high = values[i];
  return low + (at - below) * (high - low);
}

/**
 * The value that would stand at `place` if all were sorted; no greater ones then stand before it and no smaller ones after it.
 *
 * Source: Hoare (1961), "Algorithm 65: find".
 */
function select(values: Float64Array, place: number): number {
  let first = 0;
  let last = values.length - 1;
  while (first < last) {
    const pivot = values[(first + last) >> 1];
    let i = first;
    let j = last;
    while (i <= j) {
      while (values[i] < pivot) i += 1;
      while (values[j] > pivot) j -= 1;
      if (i > j) break;
      const left = values[i];
      values[i] = values[j];
      values[j] = left;
      i += 1;
      j -= 1;
    }
    if (place <= j) last = j;
    else if (place >= i) first = i;
    else break;
  }
  return values[place];
}
