import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { sampleDirichlet } from "#icrl/server/tasks/sample-dirichlet.js";
import { sampleMoments } from "./sample-moments.js";

test.each([0.01, 0.2, 1, 3, 1000])("entries of Dirichlet(%d) sum to 1 and have its mean and variance", (alpha) => {
  const rng = rngFromSeed(21n);
  const k = 4;
  const draws = new Float64Array(20_000 * k);
  for (let row = 0; row < draws.length; row += k) {
    sampleDirichlet(rng, alpha, draws, row, k);
    const sum = draws.subarray(row, row + k).reduce((total, p) => total + p, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
  }
  // One entry is Beta(alpha, (k - 1) alpha): mean 1 / k, variance (1 / k)(1 - 1 / k) / (k alpha + 1).
  for (const entry of [0, k - 1]) {
    const { mean, meanSe, variance, varianceSe } = sampleMoments(draws.filter((_, i) => i % k === entry));
    expect(Math.abs(mean - 1 / k)).toBeLessThan(4 * meanSe);
    expect(Math.abs(variance - ((1 / k) * (1 - 1 / k)) / (k * alpha + 1))).toBeLessThan(4 * varianceSe);
  }
});

test("only its own part of the target is written", () => {
  const target = new Float64Array(6).fill(7);
  sampleDirichlet(rngFromSeed(1n), 1, target, 2, 3);
  expect([target[0], target[1], target[5]]).toEqual([7, 7, 7]);
});
