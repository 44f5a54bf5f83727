/** An entry with its place. */
export interface Ranked<E> {
  readonly entry: E;
  /** From 1: one more than the number of smaller means. */
  readonly rank: number;
}

/** Entries by ascending mean. Equal means share a rank and keep their order; the next rank leaves room (1, 1, 3). */
export function rankByMean<E extends { readonly mean: number }>(entries: readonly E[]): Ranked<E>[] {
  const sorted = [...entries].sort((a, b) => a.mean - b.mean);
  let rank = 1;
  return sorted.map((entry, i) => {
    if (i > 0 && entry.mean > sorted[i - 1].mean) rank = i + 1;
    return { entry, rank };
  });
}
