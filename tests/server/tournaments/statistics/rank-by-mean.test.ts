import { describe, expect, it } from "vitest";
import { rankByMean } from "#icrl/server/tournaments/statistics/rank-by-mean.js";

describe("ranks", () => {
  it("ascend with the mean; equal means share a rank and keep their order", () => {
    const entries = [
      { name: "c", mean: 2 },
      { name: "a", mean: 1 },
      { name: "d", mean: 2 },
      { name: "b", mean: 3 },
    ];
    expect(rankByMean(entries).map(({ entry, rank }) => [entry.name, rank])).toEqual([
      ["a", 1],
      ["c", 2],
      ["d", 2],
      ["b", 4],
    ]);
    expect(entries[0].name).toBe("c"); // the input is left as it was
    expect(rankByMean([])).toEqual([]);
  });
});
