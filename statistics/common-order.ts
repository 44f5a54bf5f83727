/**
 * One order of all names that keeps the order of each list, where lists are parts of one unknown list: of names that may come next, the
 * one that was named first. Each list names a name once. Lists that contradict one another are kept as far as possible.
 *
 * Source: Kahn (1962), "Topological sorting of large networks".
 */
export function commonOrder(lists: readonly (readonly string[])[]): string[] {
  const remaining = new Set(lists.flat());
  /** Number of lists in which another name comes first. */
  const waiting = new Map([...remaining].map((name) => [name, 0]));
  const wait = (name: string | undefined, change: number): void => {
    if (name !== undefined) waiting.set(name, (waiting.get(name) as number) + change);
  };
  for (const name of lists.flatMap((list) => list.slice(1))) wait(name, 1);
  const heads = lists.map(() => 0);
  const order: string[] = [];
  while (remaining.size > 0) {
    const [first] = remaining;
    const next = [...remaining].find((name) => waiting.get(name) === 0) ?? first;
    remaining.delete(next);
    order.push(next);
    for (const [i, list] of lists.entries()) {
      const before = heads[i];
      while (heads[i] < list.length && !remaining.has(list[heads[i]])) heads[i] += 1;
      if (heads[i] > before) wait(list[heads[i]], -1);
    }
  }
  return order;
}
