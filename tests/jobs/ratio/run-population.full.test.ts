import { describe, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runPopulation } from "#icrl/jobs/ratio/run-population.js";
import { exactRatio, GAMES, momentsOf, run, trialsOf } from "../../support/ratio-games.js";

/** Where the expert is one of the behaviours, no trial comes to weigh much more than another. */
const UNEVEN = Object.entries(GAMES).filter(([, { behaviours, expert }]) => !behaviours.includes(expert));

test.each(UNEVEN)("with %s populations resample, or the next tests would say little", (_, game) => {
  let copies = 0;
  for (let seed = 0n; seed < 100n; seed++) {
    const trials = trialsOf(game, 12, 12, seed);
    runPopulation(trials, Float64Array.from(game.weights), [6], rngFromSeed(seed));
    copies += trials.copies;
  }
  expect(copies).toBeGreaterThan(50);
});

describe.each(Object.entries(GAMES))("with %s", (_, game) => {
  test("small populations, which resample often, are right on average", () => {
    const estimates = Array.from({ length: 1500 }, (_, i) => Math.exp(run(game, 12, [6], BigInt(i))[0].logRatio));
    const { mean, variance } = momentsOf(estimates);
    expect(Math.abs(mean - exactRatio(game, 6))).toBeLessThan(4 * Math.sqrt(variance / estimates.length) + 1e-9);
  });

  test("the shares of ancestors tell how much populations differ", () => {
    const points = Array.from({ length: 500 }, (_, i) => run(game, 60, [6], BigInt(i))[0]);
    const { mean, variance } = momentsOf(points.map(({ logRatio }) => Math.exp(logRatio)));
    // Lee & Whiteley (2018): the relative variance is about E[sum of squared shares] - 1/N.
    const told = momentsOf(points.map(({ squaredShares }) => squaredShares)).mean - 1 / 60;
    const found = variance / mean ** 2;
    expect(found / told, `${found}, and ${told} was told`).toBeGreaterThan(0.6);
    expect(found / told, `${found}, and ${told} was told`).toBeLessThan(1.6);
  });
});
