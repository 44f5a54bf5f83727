/** Bandits whose instances mislead: gap-bandit, odd-even-bandit, one-fixed-arm-bandit. */
import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";

function meansOf(name: string, options: Record<string, unknown>, seed: bigint): Float64Array {
  const { truth } = buildTask(name, options).instantiate(seed, 1n);
  if (truth.type !== "bandit") throw new Error("no bandit");
  return truth.means;
}

test("the gap is what it was told, around 1/2, and each arm is the best as often", () => {
  const best = new Float64Array(4);
  for (let seed = 0n; seed < 800n; seed++) {
    const means = meansOf("gap-bandit", { arms: 4, gap: 0.5 }, seed);
    expect([...means].sort()).toEqual([0.25, 0.25, 0.25, 0.75]); // Krishnamurthy et al.'s easy instance
    best[means.indexOf(0.75)] += 1;
  }
  for (const count of best) expect(Math.abs(count - 200)).toBeLessThan(50); // 800 draws of 1/4: four standard deviations
  expect([...meansOf("gap-bandit", {}, 1n)].sort()).toEqual([0.4, 0.4, 0.4, 0.4, 0.6]); // and the hard one
});

test.each([
  ["odd", 0.95],
  ["even", 0.05],
])("with good=%s the odd arms are the good ones in %f of the trials", (good, share) => {
  let odd = 0;
  for (let seed = 0n; seed < 1000n; seed++) {
    const means = meansOf("odd-even-bandit", { good }, seed);
    const isOddGood = means[1] > 0.5;
    means.forEach((mean, a) => void expect(mean >= 0.5).toBe((a % 2 === 1) === isOddGood));
    odd += isOddGood ? 1 : 0;
  }
  expect(Math.abs(odd / 1000 - share)).toBeLessThan(0.03); // four standard deviations
});

test("with good=any there is no pattern", () => {
  let sum = 0;
  for (let seed = 0n; seed < 500n; seed++) {
    const means = meansOf("odd-even-bandit", { good: "any" }, seed);
    sum += means[1] - means[0];
  }
  expect(Math.abs(sum / 500)).toBeLessThan(0.08); // the difference of two uniforms has a standard deviation of 0.41
});

test("the fixed arm has its mean in all instances, the others are standard normal", () => {
  let [sum, squares] = [0, 0];
  for (let seed = 0n; seed < 500n; seed++) {
    const [fixed, ...others] = meansOf("one-fixed-arm-bandit", {}, seed);
    expect(fixed).toBe(0.5);
    for (const mean of others) {
      sum += mean / 4500;
      squares += mean ** 2 / 4500;
    }
  }
  expect(Math.abs(sum)).toBeLessThan(0.06);
  expect(Math.abs(squares - 1)).toBeLessThan(0.09);
});
