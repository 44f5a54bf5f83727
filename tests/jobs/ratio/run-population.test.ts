import { describe, expect, test } from "vitest";
import { poolPopulations } from "#icrl/jobs/ratio/pool-populations.js";
import { exactRatio, GAMES, type History, run, stubborn } from "../../support/ratio-games.js";

describe.each(Object.entries(GAMES))("with %s", (_, game) => {
  test("a large population is near the sum over all trials", () => {
    for (const { horizon, logRatio, squaredShares } of run(game, 2250, [1, 3, 6], 5n)) {
      const error = Math.sqrt(squaredShares); // relative, if all weight were independent: an upper bound of sorts
      expect(Math.abs(Math.exp(logRatio) / exactRatio(game, horizon) - 1), `T = ${horizon}`).toBeLessThan(
        3 * error + 1e-9,
      );
    }
  });
});

test("a behaviour that is the expert has a ratio of exactly 1, and all of its particles", () => {
  const same = { ...GAMES["one behaviour"], behaviours: [stubborn] };
  for (const { logRatio, squaredShares, ancestors } of run(same, 100, [1, 12], 1n)) {
    expect(Math.abs(logRatio)).toBeLessThan(1e-12);
    expect(1 / squaredShares).toBeCloseTo(100, 8);
    expect(ancestors).toBe(100);
  }
});

test("with the expert in the mixture R is near 1 / its weight, and few particles find it", () => {
  // Lin, Bai & Mei (2023): R <= 1 / alpha. By hand: the log ratio of 12 steps to the other part is far above log 20.
  const [{ logRatio, squaredShares }] = run(GAMES["a mixture with the expert in it"], 1000, [12], 1n);
  expect(Math.exp(logRatio)).toBeLessThanOrEqual(20);
  expect(Math.exp(logRatio)).toBeGreaterThan(5);
  expect(1 / squaredShares).toBeGreaterThan(300);
});

test("without resampling the effective size is that of plain importance sampling: 1 / sum of squared weights", () => {
  const [{ squaredShares, ancestors }] = run(GAMES["one behaviour"], 50, [1], 1n);
  expect(ancestors).toBe(50);
  expect(1 / squaredShares).toBeCloseTo(50, 8); // at the first step all weights are alike
});

test("the ratio is infinite from the step on at which the mixture cannot do what the expert can", () => {
  const game = {
    ...GAMES["one behaviour"],
    behaviours: [(history: History) => (history.length === 3 ? [1, 0] : [0.5, 0.5])],
  };
  const points = run(game, 200, [1, 3, 4, 6], 1n);
  expect(points.map(({ horizon }) => horizon)).toEqual([1, 3, 4, 6]);
  expect(points.map(({ logRatio }) => logRatio === Number.POSITIVE_INFINITY)).toEqual([false, false, true, true]);
  // Not so where the expert never does it either.
  const careful = { ...game, expert: game.behaviours[0] };
  expect(run(careful, 200, [6], 1n)[0].logRatio).toBeCloseTo(0, 12);
});

test("populations are pooled by their own estimates; few effective instances are called unreliable", () => {
  const point = (logRatio: number, ess: number) => [{ horizon: 5, logRatio, squaredShares: 1 / ess, ancestors: 60 }];
  // by hand: R = (10 + 30) / 2; shares 1/4 and 3/4; ess = 1 / (1/16/80 + 9/16/80) = 128; s.e. of the logs = (log 3) / 2
  const [pooled] = poolPopulations([point(Math.log(10), 80), point(Math.log(30), 80)]);
  expect(Math.exp(pooled.logRatio)).toBeCloseTo(20, 10);
  expect(pooled.ess).toBeCloseTo(128, 10);
  expect(pooled.standardError).toBeCloseTo(Math.log(3) / 2, 10);
  expect(pooled).toMatchObject({ horizon: 5, ancestors: 120, unreliable: false });
  expect(poolPopulations([point(0, 99.9)])[0]).toMatchObject({ unreliable: true, standardError: undefined });
  expect(poolPopulations([point(900, 500), point(900, 500)])[0].logRatio).toBeCloseTo(900, 10); // R is beyond a double
  expect(poolPopulations([point(1, 500), point(Number.POSITIVE_INFINITY, 1)])[0]).toMatchObject({
    logRatio: Number.POSITIVE_INFINITY,
    standardError: undefined,
    unreliable: false,
  });
});
