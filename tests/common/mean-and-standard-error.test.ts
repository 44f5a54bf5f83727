import { describe, expect, it } from "vitest";
import { meanAndStandardError } from "#icrl/common/mean-and-standard-error.js";

describe("mean and standard error", () => {
  it("equal values by hand", () => {
    // By hand: mean of 2, 4, 4, 4, 5, 5, 7, 9 is 5, squared deviations sum to 32, se = sqrt(32 / 7 / 8).
    const { mean, se } = meanAndStandardError([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(se).toBeCloseTo(Math.sqrt(4 / 7), 14);
  });

  it("of equal values are exactly that value and 0, whatever their number", () => {
    for (const n of [2, 3, 7, 1000]) {
      expect(meanAndStandardError(new Float64Array(n).fill(0.1))).toEqual({ mean: 0.1, se: 0 });
    }
  });

  it("are unknown where nothing tells them: the error of one value, and both of none", () => {
    expect(meanAndStandardError([3.5])).toEqual({ mean: 3.5, se: null });
    expect(meanAndStandardError([])).toEqual({ mean: null, se: null });
  });

  it("keep their digits far from zero", () => {
    // By hand: 1e9 + (1, 2, 3) has mean 1e9 + 2 and se 1 / sqrt(3).
    const { mean, se } = meanAndStandardError([1e9 + 1, 1e9 + 2, 1e9 + 3]);
    expect(mean).toBe(1e9 + 2);
    expect(se).toBeCloseTo(1 / Math.sqrt(3), 12);
  });
});
