import { expect, test } from "vitest";
import { CHANNEL, keyFromSeed, noiseNormal, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { sampleMoments } from "./sample-moments.js";

function meansOf(options: Record<string, unknown>, taskSeed: bigint): Float64Array {
  const { truth } = buildTask("gaussian-bandit", options).instantiate(taskSeed, 0n);
  if (truth.type !== "bandit") throw new Error("not a bandit");
  return truth.means;
}

test('means are the uniforms, or the normals, of the stream "means" themselves', () => {
  const uniforms = rngFromSeed(12n).split("means");
  expect([...meansOf({}, 12n)]).toEqual(Array.from({ length: 5 }, () => uniforms.uniform()));
  const normals = rngFromSeed(12n).split("means");
  const drawn = [...meansOf({ means: "gaussian", arms: 7 }, 12n)];
  expect(drawn).toEqual(Array.from({ length: 7 }, () => normals.normal()));
});

test.each([0, 0.3, 2.5])("with noise %d the reward is the mean plus the documented noise, in float32", (noiseStd) => {
  const task = buildTask("gaussian-bandit", { noise_std: noiseStd });
  expect(task.reward).toEqual({ kind: "gaussian", noiseStd });
  const means = meansOf({}, 4n);
  const env = task.instantiate(4n, 5n);
  env.reset(0);
  for (let t = 0; t < 500; t++) {
    env.step((t * 3) % 5);
    const noise = noiseNormal(keyFromSeed(5n), 0, t, CHANNEL.reward);
    expect(env.reward).toBe(Math.fround(means[(t * 3) % 5] + noiseStd * noise));
    expect(env.terminated).toBe(t === 499);
  }
});

test.each([
  // By hand: of 5 uniforms the largest has mean 5/6, all have 1/2: 500 (5/6 - 1/2) = 166.67.
  { means: "uniform01", expected: 500 / 3 },
  // The expected largest of 5 standard normals is 1.16296 (tables of normal order statistics): 500 x 1.16296 = 581.48.
  { means: "gaussian", expected: 581.48 },
])("uniform play with $means means has the regret that order statistics give", ({ means, expected }) => {
  const task = buildTask("gaussian-bandit", { means });
  const finals = Float64Array.from({ length: 10_000 }, (_, i) => runAtOnce(uniformRegret(task, BigInt(i), 0n))[499]);
  const { mean, meanSe } = sampleMoments(finals);
  expect(Math.abs(mean - expected)).toBeLessThan(4 * meanSe);
});
