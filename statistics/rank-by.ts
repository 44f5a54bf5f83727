/** An entry with its place. */
export interface Ranked<E> {
  readonly entry: E;
  /** From 1: one more than the number of entries that are better. */
  readonly rank: number;
}

/** Costs that differ by less, relative to the largest of them, are equal: sums of the same terms in another order differ by so little. */
const ROUNDING = 1e-12;

/**
 * Entries by ascending cost, the one order and the one rank of results, terminal, report and page. Equal costs share a rank and keep their
 * order; the next rank leaves room (1, 1, 3).
 *
 * @param costOf what is the better the less there is of it: a mean regret, or a score with its sign turned; never NaN
 */
export function rankBy<E>(entries: readonly E[], costOf: (entry: E) => number): Ranked<E>[] {
  const sorted = entries.map((entry) => ({ entry, cost: costOf(entry) })).sort((a, b) => a.cost - b.cost);
  const tolerance = ROUNDING * Math.max(0, ...sorted.map(({ cost }) => Math.abs(cost)));
  let rank = 1;
  return sorted.map(({ entry, cost }, i) => {
    if (i > 0 && cost - sorted[i - 1].cost > tolerance) rank = i + 1;
    return { entry, rank };
  });
}
