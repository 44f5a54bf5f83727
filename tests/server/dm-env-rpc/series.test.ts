/** Which trials of a world's series are whose. */
import { expect, test } from "vitest";
import { keyFromSeed, Rng } from "#icrl/common/rng.js";
import { createSeries, type TrialRange } from "#icrl/server/dm-env-rpc/series.js";

test("ranges follow each other, and what was not begun is taken first", () => {
  const series = createSeries();
  expect(series.take(100n)).toEqual({ first: 0n, end: 100n });
  expect(series.take(100n)).toEqual({ first: 100n, end: 200n });
  series.giveBack({ first: 3n, end: 100n }); // its agent has left after three
  expect(series.take(50n)).toEqual({ first: 3n, end: 53n });
  expect(series.take(100n)).toEqual({ first: 53n, end: 100n }); // as many as lie side by side
  expect(series.take(100n)).toEqual({ first: 200n, end: 300n });
});

test("what the only agent gives back is as if it had not been taken", () => {
  const series = createSeries();
  series.take(100n);
  series.giveBack({ first: 7n, end: 100n });
  series.giveBack({ first: 100n, end: 100n }); // nothing
  expect(series.take(1000n)).toEqual({ first: 7n, end: 1007n });
});

test("the series ends with the last index of a uint64", () => {
  const series = createSeries();
  series.take((1n << 64n) - 2n);
  expect(series.take(100n)).toEqual({ first: (1n << 64n) - 2n, end: 1n << 64n });
});

test("whatever is taken and given back, no trial is two agents', and none is lost", () => {
  const rng = new Rng(keyFromSeed(3n));
  const series = createSeries();
  const taken: TrialRange[] = [];
  const begun = new Set<bigint>();
  for (let i = 0; i < 2000; i++) {
    if (taken.length < 8 && rng.integer(2) === 0) taken.push(series.take(BigInt(1 + rng.integer(20))));
    else if (taken.length > 0) {
      const [range] = taken.splice(rng.integer(taken.length), 1);
      const until = range.first + BigInt(rng.integer(1 + Number(range.end - range.first)));
      for (let trial = range.first; trial < until; trial++) {
        expect(begun.has(trial)).toBe(false);
        begun.add(trial);
      }
      series.giveBack({ first: until, end: range.end });
    }
  }
  for (const range of taken) series.giveBack(range);
  while (begun.size < 20_000) {
    const { first, end } = series.take(1000n);
    for (let trial = first; trial < end; trial++) begun.add(trial);
  }
  expect(Math.max(...[...begun].map(Number))).toBe(begun.size - 1);
});
