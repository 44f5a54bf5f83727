import { describe, expect, it } from "vitest";
import { meanAndStandardError, meanAndStandardErrorOfTrials } from "#icrl/common/mean-and-standard-error.js";

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

describe("mean and standard error of trials that share instances", () => {
  it("are those of a mean over instances, whatever the trials of one have in common", () => {
    // By hand: trials 1, 2, 3, 6 take two instances in turn, whose means are 2 and 4: mean 3, sd sqrt(2), so se sqrt(2) / sqrt(2).
    const { mean, se } = meanAndStandardErrorOfTrials([1, 2, 3, 6], (i) => i % 2);
    expect(mean).toBe(3);
    expect(se).toBeCloseTo(1, 14);
    // Trials of one instance that are all alike tell no more than one of them does.
    const once = meanAndStandardError([2, 5, 9]);
    const often = meanAndStandardErrorOfTrials([2, 5, 9, 2, 5, 9, 2, 5, 9], (i) => i % 3);
    expect(often.mean).toBe(once.mean);
    expect(often.se).toBeCloseTo(once.se as number, 13);
  });

  it("are those of a ratio of sums where some have no value", () => {
    // By hand: instance 0 has 1 and 3, instance 1 has 5: mean 3, sums of deviations -2 and 2, se sqrt(2 / 1 * 8) / 3.
    const { mean, se } = meanAndStandardErrorOfTrials([1, 5, 3, Number.NaN], (i) => i % 2);
    expect(mean).toBe(3);
    expect(se).toBeCloseTo(4 / 3, 14);
  });

  it("are the ordinary ones where each trial has an instance of its own, and where nobody says otherwise", () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    const own = meanAndStandardErrorOfTrials(values, (i) => i);
    expect(own.se).toBeCloseTo(meanAndStandardError(values).se as number, 14);
    expect(meanAndStandardErrorOfTrials([...values, Number.NaN])).toEqual(meanAndStandardError(values));
  });

  it("have no error of one instance, and are exact where all are alike", () => {
    expect(meanAndStandardErrorOfTrials([1, 2, 6], () => 0)).toEqual({ mean: 3, se: null });
    expect(meanAndStandardErrorOfTrials(new Float64Array(9).fill(0.1), (i) => i % 3)).toEqual({ mean: 0.1, se: 0 });
    expect(meanAndStandardErrorOfTrials([Number.NaN], () => 0)).toEqual({ mean: null, se: null });
  });
});
