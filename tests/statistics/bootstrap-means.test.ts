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

describe("the bootstrap interval of a mean of trials that share instances", () => {
  const clustered = (values: Float64Array, resamples: number, seed: bigint, instances?: number) =>
    runAtOnce(bootstrapMeans("t", [values], { resamples, seed }, undefined, instances))[0].ci95;

  it("covers the mean over all instances as often as it says, which resampled trials do not", () => {
    // 40 instances of 8 trials each, normal; 9 of 10 parts of the variance are the instance's. The interval of a mean of 40 covers slightly
    // less than 95 %; that of 320 independent trials is sqrt(1 + 7 * 0.9) = 2.7 times too narrow and would cover 53 %. With 300 repetitions
    // the share has a standard error of 1.3 % and 2.9 %.
    const rng = rngFromSeed(5n);
    const repetitions = 300;
    const covered = { instances: 0, trials: 0 };
    for (let k = 0; k < repetitions; k++) {
      const luck = Array.from({ length: 40 }, () => Math.sqrt(0.9) * rng.normal());
      const values = Float64Array.from({ length: 320 }, (_, t) => luck[t % 40] + Math.sqrt(0.1) * rng.normal());
      const covers = (ci95: readonly [number, number] | null) => ci95 !== null && ci95[0] <= 0 && 0 <= ci95[1];
      if (covers(clustered(values, 400, BigInt(k), 40))) covered.instances += 1;
      if (covers(clustered(values, 400, BigInt(k)))) covered.trials += 1;
    }
    expect(covered.instances / repetitions).toBeGreaterThan(0.89);
    expect(covered.instances / repetitions).toBeLessThan(0.985);
    expect(covered.trials / repetitions).toBeLessThan(0.65);
  });

  it("is that of the instances where their trials are alike, and none of one instance", () => {
    const once = Float64Array.from([3, 1, 4, 1, 5, 9, 2, 6]);
    const often = Float64Array.from({ length: 40 }, (_, t) => once[t % 8]);
    const [low, high] = clustered(often, 500, 7n, 8) as readonly [number, number];
    const expected = clustered(once, 500, 7n) as readonly [number, number];
    expect(low).toBeCloseTo(expected[0], 12);
    expect(high).toBeCloseTo(expected[1], 12);
    expect(clustered(once, 500, 7n, 1)).toBeNull();
  });

  it("is the ordinary one, bit for bit, where there are as many instances as trials", () => {
    const values = Float64Array.from({ length: 30 }, (_, t) => Math.sin(t));
    expect(clustered(values, 300, 8n, 30)).toEqual(clustered(values, 300, 8n));
  });
});
