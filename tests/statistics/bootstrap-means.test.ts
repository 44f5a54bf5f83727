import { describe, expect, it } from "vitest";
import { meanAndStandardError } from "#icrl/common/mean-and-standard-error.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce, runInSlices } from "#icrl/common/slices.js";
import { bootstrapMeans } from "#icrl/statistics/bootstrap-means.js";
import { tournamentStatistics } from "#icrl/statistics/tournament-statistics.js";

const means = (values: readonly ArrayLike<number>[], resamples = 2000, seed = 1n, task = "t") =>
  runAtOnce(
    bootstrapMeans(
      task,
      values.map((own) => Float64Array.from(own)),
      { resamples, seed },
    ),
  );

const interval = (values: ArrayLike<number>, resamples?: number, seed?: bigint) =>
  means([values], resamples, seed)[0].ci95 as readonly [number, number];

describe("the bootstrap interval of a mean", () => {
  it("has the exact quantiles where the resamples can be enumerated", () => {
    // By hand: two draws from {0, 1} have mean 0, 0.5, 1 with probability 1/4, 1/2, 1/4.
    expect(means([[0, 1]])).toEqual([{ value: 0.5, ci95: [0, 1] }]);
  });

  it("draws every index equally often", () => {
    // One value in ten is 1, so a resample's mean is Binomial(1000, 0.1) / 1000: sd 0.009487, 95 % within 1.96 of them.
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i % 10 === 3 ? 1 : 0));
    const [low, high] = interval(values, 20_000, 2n);
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
      const [low, high] = interval(values, 500, BigInt(k));
      if (low <= 1 && 1 <= high) covered += 1;
    }
    expect(covered / repetitions).toBeGreaterThan(0.9);
    expect(covered / repetitions).toBeLessThan(0.98);
  });

  it("is as wide as the normal one for many well-behaved values", () => {
    const rng = rngFromSeed(4n);
    const values = Float64Array.from({ length: 2000 }, () => rng.normal());
    const { mean, se } = meanAndStandardError(values) as { mean: number; se: number };
    const [low, high] = interval(values, 4000);
    expect((high - low) / (2 * 1.96 * se)).toBeGreaterThan(0.93);
    expect((high - low) / (2 * 1.96 * se)).toBeLessThan(1.07);
    expect(low).toBeLessThan(mean);
    expect(high).toBeGreaterThan(mean);
  });

  it("is the value itself of equal values, and there is none of one: it does not tell how far off it is", () => {
    expect(means([[0.1, 0.1, 0.1]])).toEqual([{ value: 0.1, ci95: [0.1, 0.1] }]);
    expect(means([[7.1]])).toEqual([{ value: 7.1, ci95: null }]);
    expect(means([])).toEqual([]);
  });

  it("is the same for the same values, whoever has them and whoever else is there", () => {
    const rng = rngFromSeed(5n);
    const values = Array.from({ length: 50 }, () => rng.normal());
    const other = values.map((value) => value ** 2);
    const [first, between, last] = means([values, other, values]);
    expect(last).toEqual(first);
    expect(between).toEqual(means([other])[0]);
    expect(means([values], 2000, 1n, "another task")).not.toEqual([first]);
  });

  it("is the one that the statistics of a report have, to the last bit, for the same resamples", () => {
    const rng = rngFromSeed(6n);
    const draw = (n: number) => Float64Array.from({ length: n }, () => 10 + rng.normal());
    for (const [trials, resamples] of [
      [37, 2000],
      [2, 101],
      [1, 100],
    ]) {
      const values = [draw(trials), draw(trials), draw(trials)];
      const entrants = values.map((regrets, i) => ({ name: `e${i}`, regrets }));
      const tasks = [{ id: "t", uniformRegret: 20, entrants }];
      const statistics = runAtOnce(tournamentStatistics(tasks, { resamples, seed: 9n }));
      const reported = statistics.tasks[0].agents.map(({ regret }) => regret.mean);
      expect(means(values, resamples, 9n)).toEqual(reported);
      expect(reported.map(({ value }) => value)).toEqual(values.map((own) => meanAndStandardError(own).mean));
    }
  });

  it("is a function of the values and the seed, at once or in slices", async () => {
    const rng = rngFromSeed(6n);
    const values = Float64Array.from({ length: 20_000 }, () => rng.normal());
    let pauses = 0;
    const sliced = await runInSlices(bootstrapMeans("t", [values], { resamples: 100, seed: 7n }), async () => {
      pauses += 1;
    });
    expect(sliced).toEqual(means([values], 100, 7n));
    expect(sliced).not.toEqual(means([values], 100, 8n));
    expect(pauses).toBeGreaterThan(2); // 101 resamples of 20,000 draws, a pause every 500,000
  });
});
