import { describe, expect, it } from "vitest";
import { rankBy } from "#icrl/statistics/rank-by.js";

const ranks = (entries: readonly (readonly [string, number])[]) =>
  rankBy(entries, ([, cost]) => cost).map(({ entry: [name], rank }) => [name, rank]);

describe("ranks", () => {
  it("ascend with the cost; equal costs share a rank and keep their order", () => {
    const entries = [
      ["c", 2],
      ["a", 1],
      ["d", 2],
      ["b", 3],
    ] as const;
    expect(ranks(entries)).toEqual([
      ["a", 1],
      ["c", 2],
      ["d", 2],
      ["b", 4],
    ]);
    expect(entries[0][0]).toBe("c"); // the input is left as it was
    expect(ranks([])).toEqual([]);
  });

  it("are shared by sums of the same terms in another order, and by nothing that differs more", () => {
    const sum = (...terms: number[]) => terms.reduce((total, term) => total + term, 0);
    const [one, other] = [sum(0.1, 0.2, 0.3), sum(0.3, 0.2, 0.1)];
    expect(one).not.toBe(other); // 0.6000000000000001 and 0.6
    expect(
      ranks([
        ["a", one],
        ["b", other],
        ["c", 0.5999999],
      ]),
    ).toEqual([
      ["c", 1],
      ["b", 2],
      ["a", 2],
    ]);
    expect(
      ranks([
        ["tiny", 1e-20],
        ["tinier", 1e-21],
      ]),
    ).toEqual([
      ["tinier", 1],
      ["tiny", 2],
    ]);
  });
});
