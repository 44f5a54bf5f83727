import { expect, test } from "vitest";
import {
  CHANNEL,
  categoricalFromUniform,
  keyFromSeed,
  NOISE_BLOCK,
  noiseNormal,
  noiseNormals,
  noiseRng,
  noiseUniform,
  noiseUniforms,
  type Rng,
  rngFromSeed,
} from "#icrl/common/rng.js";

const draws = (rng: Rng, n: number): number[] => Array.from({ length: n }, () => rng.uniform());

test("the first uniform of seed 0 follows from Random123's known answer for the zero key and counter", () => {
  // Words 6b200159 99ba4efe (Random123, kat_vectors); transform by hand: ((w0 >>> 6) 2^26 + (w1 >>> 6) + 1/2) / 2^52.
  const expected = ((0x6b200159 >>> 6) * 2 ** 26 + (0x99ba4efe >>> 6) + 0.5) / 2 ** 52;
  expect(rngFromSeed(0n).uniform()).toBe(expected);
  expect(noiseUniform(keyFromSeed(0n), 0, 0, CHANNEL.reward)).toBe(expected);
});

test("a key is a seed's two halves", () => {
  expect(keyFromSeed(0x00000001_00000002n)).toEqual({ key0: 1, key1: 2 });
  expect(keyFromSeed(2n ** 64n - 1n)).toEqual({ key0: -1, key1: -1 });
});

test("uniform draws have the moments and the range of Unif(0, 1)", () => {
  const n = 200_000;
  const u = draws(rngFromSeed(20260101n), n);
  const mean = u.reduce((sum, x) => sum + x, 0) / n;
  const variance = u.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  expect(Math.min(...u.slice(0, 1000))).toBeGreaterThan(0);
  expect(Math.max(...u.slice(0, 1000))).toBeLessThan(1);
  // 4 standard errors: sd of the mean sqrt(1/12/n); of the variance sqrt((1/80 - 1/144)/n).
  expect(Math.abs(mean - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / n));
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt((1 / 80 - 1 / 144) / n));
});

test("neighbouring draws, seeds, steps, episodes and channels are uncorrelated", () => {
  const n = 50_000;
  const key = keyFromSeed(7n);
  const pairs: Record<string, (i: number) => [number, number]> = {
    steps: (i) => [noiseUniform(key, 0, i, 0), noiseUniform(key, 0, i + 1, 0)],
    episodes: (i) => [noiseUniform(key, 0, i, 0), noiseUniform(key, 1, i, 0)],
    channels: (i) => [noiseUniform(key, 0, i, CHANNEL.reward), noiseUniform(key, 0, i, CHANNEL.transition)],
    seeds: (i) => [rngFromSeed(BigInt(i)).uniform(), rngFromSeed(BigInt(i + 1)).uniform()],
  };
  for (const [name, pair] of Object.entries(pairs)) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const [a, b] = pair(i);
      sum += (a - 0.5) * (b - 0.5);
    }
    // Under independence the mean product has sd 1 / (12 sqrt n); 4 of them.
    expect(Math.abs(sum / n), name).toBeLessThan(4 / (12 * Math.sqrt(n)));
  }
});

test("normal draws have the moments of N(0, 1)", () => {
  const n = 100_000;
  const key = keyFromSeed(99n);
  let first = 0;
  let second = 0;
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    const z = noiseNormal(key, 3, i, CHANNEL.reward);
    first += z;
    second += z * z;
    fourth += z ** 4;
  }
  // 4 standard errors; Var z = 1, Var z^2 = 2, Var z^4 = 105 - 9 = 96.
  expect(Math.abs(first / n)).toBeLessThan(4 * Math.sqrt(1 / n));
  expect(Math.abs(second / n - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  expect(Math.abs(fourth / n - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
});

test("a split stream does not depend on what was drawn before, and differs by name", () => {
  const fresh = rngFromSeed(5n);
  const used = rngFromSeed(5n);
  draws(used, 10);
  expect(draws(used.split("theta"), 5)).toEqual(draws(fresh.split("theta"), 5));
  expect(draws(fresh.split("arms"), 5)).not.toEqual(draws(fresh.split("theta"), 5));
  expect(draws(fresh.split("theta"), 5)).not.toEqual(draws(fresh, 5));
});

test("a noise generator repeats at its place and differs elsewhere", () => {
  const key = keyFromSeed(11n);
  expect(draws(noiseRng(key, 2, 3, CHANNEL.arms), 4)).toEqual(draws(noiseRng(key, 2, 3, CHANNEL.arms), 4));
  expect(draws(noiseRng(key, 2, 3, CHANNEL.arms), 4)).not.toEqual(draws(noiseRng(key, 2, 4, CHANNEL.arms), 4));
});

test("integers cover their range evenly", () => {
  const rng = rngFromSeed(3n);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[rng.integer(7)] += 1;
  // Binomial(70,000, 1/7): sd sqrt(70,000 * 6 / 49) = 92.6; 5 of them.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(463);
});

test("the categorical transform takes the first k whose running sum exceeds u", () => {
  const p = Float64Array.from([9, 0.25, 0, 0.5, 0.25, 9]);
  const of = (u: number) => categoricalFromUniform(u, p, 1, 4);
  // By hand: sums .25, .25, .75, 1; the second outcome has no chance.
  expect([0.001, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map(of)).toEqual([0, 0, 2, 2, 3, 3]);
});

test("the categorical transform never gives an outcome without a chance, even where rounding leaves u above the sum", () => {
  const p = Float64Array.from([0.5, 0.5 - 1e-12, 0]);
  expect(categoricalFromUniform(1 - 2 ** -53, p, 0, 3)).toBe(1);
});

test("a block of noise holds the draws of its steps, one by one", () => {
  const key = keyFromSeed(0xfedcba9876543210n);
  const block = new Float64Array(NOISE_BLOCK);
  for (const [episode, step] of [
    [0, 0],
    [3, 16],
    [2 ** 24 - 1, 2 ** 32 - NOISE_BLOCK],
  ]) {
    noiseUniforms(key, episode, step, CHANNEL.transition, block, 0);
    expect([...block]).toEqual([...block].map((_, i) => noiseUniform(key, episode, step + i, CHANNEL.transition)));
    noiseNormals(key, episode, step, CHANNEL.transition, block, 0);
    expect([...block]).toEqual([...block].map((_, i) => noiseNormal(key, episode, step + i, CHANNEL.transition)));
  }
});
