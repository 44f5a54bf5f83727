import { expect, test } from "vitest";
import { CHANNEL, keyFromSeed, noiseUniform, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { sampleMoments } from "./sample-moments.js";

function means(options: Record<string, unknown>, taskSeed: bigint): Float64Array {
  const { truth } = buildTask("bernoulli-bandit", options).instantiate(taskSeed, 0n);
  if (truth.type !== "bandit") throw new Error("not a bandit");
  return truth.means;
}

test('by default the means are the uniforms of the stream "means" themselves', () => {
  const rng = rngFromSeed(12n).split("means");
  expect([...means({}, 12n)]).toEqual(Array.from({ length: 5 }, () => rng.uniform()));
});

test.each([
  [1, 1],
  [2, 5],
  [0.5, 0.5],
  [0.1, 3],
  [200, 100],
])("means of Beta(%d, %d) have its mean and variance", (alpha, beta) => {
  const task = buildTask("bernoulli-bandit", { alpha, beta, arms: 10 });
  const drawn: number[] = [];
  for (let i = 0n; i < 2000n; i++) {
    const { truth } = task.instantiate(i, 0n);
    if (truth.type === "bandit") drawn.push(...truth.means);
  }
  const total = alpha + beta;
  const sample = sampleMoments(drawn);
  // Beta(a, b): mean a / (a + b), variance a b / ((a + b)^2 (a + b + 1)).
  expect(Math.abs(sample.mean - alpha / total)).toBeLessThan(4 * sample.meanSe);
  expect(Math.abs(sample.variance - (alpha * beta) / (total ** 2 * (total + 1)))).toBeLessThan(4 * sample.varianceSe);
});

test("the smallest shapes give numbers in [0, 1], not 0 / 0", () => {
  for (let i = 0n; i < 500n; i++) {
    for (const p of means({ alpha: 0.01, beta: 0.01, arms: 10 }, i)) {
      expect(p).toBeGreaterThanOrEqual(0);
      expect(p).toBeLessThanOrEqual(1);
    }
  }
});

test("an arm pays where the step's noise is below its mean", () => {
  const p = means({}, 8n);
  const env = buildTask("bernoulli-bandit").instantiate(8n, 9n);
  env.reset(0);
  for (let t = 0; t < 200; t++) {
    env.step(t % 5);
    expect(env.reward).toBe(noiseUniform(keyFromSeed(9n), 0, t, CHANNEL.reward) < p[t % 5] ? 1 : 0);
  }
});

test("uniform play on E2 has the published regret", () => {
  // Exact: 200 (E max of 5 uniforms - 1/2) = 200 (5/6 - 1/2) = 66.67; reference, recomputed on 20,000 instances: 66.5.
  const task = buildTask("bernoulli-bandit");
  const finals = Float64Array.from({ length: 10_000 }, (_, i) => runAtOnce(uniformRegret(task, BigInt(i), 0n))[199]);
  const { mean, meanSe } = sampleMoments(finals);
  expect(Math.abs(mean - 200 / 3)).toBeLessThan(4 * meanSe);
  expect(Math.abs(mean - 66.5)).toBeLessThan(3 * Math.sqrt(1.5) * meanSe + 0.05);
});
