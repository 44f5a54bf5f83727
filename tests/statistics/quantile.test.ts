import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { quantileOf, quantileOfSorted } from "#icrl/statistics/quantile.js";

test("quantiles are linear between order statistics, as numpy's are", () => {
  // numpy.percentile([1, 2, 4, 8], [0, 2.5, 50, 97.5, 100]) is [1, 1.075, 3, 7.7, 8].
  for (const [p, expected] of [
    [0, 1],
    [0.025, 1.075],
    [0.5, 3],
    [0.975, 7.7],
    [1, 8],
  ]) {
    expect(quantileOfSorted(Float64Array.of(1, 2, 4, 8), p)).toBeCloseTo(expected, 14);
    expect(quantileOf(Float64Array.of(4, 8, 1, 2), p)).toBeCloseTo(expected, 14);
  }
});

test("sorted or not, the quantiles are the same to the last bit, also of equal values", () => {
  const rng = rngFromSeed(1n);
  for (const n of [1, 2, 3, 10, 101, 1000]) {
    for (const distinct of [1, 2, 5, 1e9]) {
      const values = Float64Array.from({ length: n }, () => rng.integer(distinct) / 7);
      const sorted = values.slice().sort();
      for (const p of [0, 0.025, 0.3, 0.5, 0.975, 1]) {
        expect(quantileOf(values, p)).toBe(quantileOfSorted(sorted, p));
      }
    }
  }
});

test("of no values there is no quantile", () => {
  expect(quantileOfSorted(new Float64Array(0), 0.5)).toBeNaN();
});
