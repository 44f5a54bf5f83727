import { describe, expect, it } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { type BootstrapOptions, bootstrapMeanInterval } from "#icrl/server/tournaments/statistics/bootstrap-mean.js";
import { meanAndStandardError } from "#icrl/server/tournaments/statistics/mean-and-standard-error.js";
import { runAtOnce, runInSlices } from "#icrl/server/tournaments/statistics/slices.js";

const interval = (values: ArrayLike<number>, options: BootstrapOptions) =>
  runAtOnce(bootstrapMeanInterval(values, options));

describe("the bootstrap interval of the mean", () => {
  it("has the exact quantiles where the resamples can be enumerated", () => {
    // By hand: two draws from {0, 1} have mean 0, 0.5, 1 with probability 1/4, 1/2, 1/4; the middle half is all 0.5.
    const middle = interval([0, 1], { level: 0.4, rng: rngFromSeed(1n) });
    expect(middle).toEqual({ low: 0.5, high: 0.5 });
    expect(interval([0, 1], { rng: rngFromSeed(1n) })).toEqual({ low: 0, high: 1 });
  });

  it("draws every index equally often", () => {
    // One value in ten is 1, so a resample's mean is Binomial(1000, 0.1) / 1000: sd 0.009487, 95 % within 1.96 of them.
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i % 10 === 3 ? 1 : 0));
    const { low, high } = interval(values, { resamples: 20_000, rng: rngFromSeed(2n) });
    expect(low).toBeGreaterThan(0.08);
    expect(low).toBeLessThan(0.083);
    expect(high).toBeGreaterThan(0.117);
    expect(high).toBeLessThan(0.121);
  });

  it("covers the true mean about 95 times in 100, for skewed values too", () => {
    // Exponential values, mean 1, 60 of them: percentile intervals are known to cover slightly less, 93 to 94 %. With
    // 400 repetitions the share has a standard error of 1.2 %.
    const rng = rngFromSeed(3n);
    const repetitions = 400;
    let covered = 0;
    for (let k = 0; k < repetitions; k++) {
      const values = Float64Array.from({ length: 60 }, () => -Math.log(rng.uniform()));
      const { low, high } = interval(values, { resamples: 500, rng: rng.split(String(k)) });
      if (low <= 1 && 1 <= high) covered += 1;
    }
    expect(covered / repetitions).toBeGreaterThan(0.9);
    expect(covered / repetitions).toBeLessThan(0.98);
  });

  it("is as wide as the normal one for many well-behaved values", () => {
    const rng = rngFromSeed(4n);
    const values = Float64Array.from({ length: 2000 }, () => rng.normal());
    const { mean, se } = meanAndStandardError(values);
    const { low, high } = interval(values, { resamples: 4000, rng });
    expect((high - low) / (2 * 1.96 * se)).toBeGreaterThan(0.93);
    expect((high - low) / (2 * 1.96 * se)).toBeLessThan(1.07);
    expect(low).toBeLessThan(mean);
    expect(high).toBeGreaterThan(mean);
  });

  it("is the value itself of one or of equal values, and not a number of none", () => {
    expect(interval([7.1], { rng: rngFromSeed(5n) })).toEqual({ low: 7.1, high: 7.1 });
    expect(interval([0.1, 0.1, 0.1], { rng: rngFromSeed(5n) })).toEqual({ low: 0.1, high: 0.1 });
    expect(interval([], { rng: rngFromSeed(5n) })).toEqual({ low: Number.NaN, high: Number.NaN });
  });

  it("is a function of the values and the seed, at once or in slices", async () => {
    const rng = rngFromSeed(6n);
    const values = Float64Array.from({ length: 20_000 }, () => rng.normal());
    const options = () => ({ resamples: 100, rng: rngFromSeed(7n) });
    let pauses = 0;
    const sliced = await runInSlices(bootstrapMeanInterval(values, options()), async () => {
      pauses += 1;
    });
    expect(sliced).toEqual(interval(values, options()));
    expect(sliced).not.toEqual(interval(values, { ...options(), rng: rngFromSeed(8n) }));
    expect(pauses).toBe(4); // 100 resamples of 20,000 draws, a pause every 500,000
  });
});
