/** Which trials of a world's series nobody has had: each is played by one agent, and those that were taken and not begun come back. */

/** Trials side by side. */
export interface TrialRange {
  /** Index of the first one. */
  readonly first: bigint;
  /** The one after the last. */
  readonly end: bigint;
}

/** What is left of a series. */
export interface Series {
  /** Takes so many trials, or fewer: the first of those that are left, side by side. */
  take(most: bigint): TrialRange;
  /** Gives some back that were not begun. */
  giveBack(range: TrialRange): void;
}

/** All of a series. */
export function createSeries(): Series {
  /** Ascending, with a trial that is taken after each; the last one has no end. */
  let left: TrialRange[] = [{ first: 0n, end: 1n << 64n }];
  return {
    take(most) {
      const [{ first, end }, ...others] = left;
      const until = end - first > most ? first + most : end;
      left = until < end ? [{ first: until, end }, ...others] : others;
      return { first, end: until };
    },
    giveBack({ first, end }) {
      if (first >= end) return;
      const before = left.filter((range) => range.end <= first);
      const after = left.filter((range) => range.first >= end);
      const touching = before.at(-1)?.end === first ? before.pop() : undefined;
      const following = after[0]?.first === end ? after.shift() : undefined;
      left = [...before, { first: touching?.first ?? first, end: following?.end ?? end }, ...after];
    },
  };
}
