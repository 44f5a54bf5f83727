import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";
import { playTrial } from "./random-play.js";

/** The action that goes right in each cell, from the documented draws. */
function rights(size: number, taskSeed: bigint): number[] {
  const rng = rngFromSeed(taskSeed).split("actions");
  return Array.from({ length: size * size }, () => (rng.uniform() < 0.5 ? 1 : 0));
}

test.each([2, 10, 50])("size %d: right all the way is the optimum, a return of 0.99", (size) => {
  // bsuite: 1 for the treasure, N times 0.01 / N for the way; float32 rewards, so up to N roundings of 3e-8 / N and one of 6e-8.
  const task = buildTask("deep-sea", { size, episodes: 1 });
  for (let seed = 0n; seed < 5n; seed++) {
    const right = rights(size, seed);
    const { return: sum, regret, steps } = playTrial(task, seed, 0n, ({ state }) => right[state]);
    expect(Math.abs(sum - 0.99)).toBeLessThan(1e-7);
    expect(sum).toBeCloseTo(firstValue(task, seed), 12);
    expect(regret).toBe(0);
    expect(steps.map(({ state }) => state)).toEqual(Array.from({ length: size }, (_, i) => i * size + i));
  }
});

test("left costs nothing, right 0.01 / N: their bounds are reached and are float32", () => {
  const task = buildTask("deep-sea", { size: 4, episodes: 1 });
  const right = rights(4, 7n);
  expect(task.reward).toEqual({ kind: "deterministic", min: Math.fround(-0.0025), max: Math.fround(0.9975) });
  const down = playTrial(task, 7n, 0n, ({ state }) => 1 - right[state]).steps;
  expect(down.map(({ state, reward, nextState }) => [state, reward, nextState])).toEqual([
    [0, 0, 4],
    [4, 0, 8],
    [8, 0, 12],
    [12, 0, 12],
  ]);
  const found = playTrial(task, 7n, 0n, ({ state }) => right[state]).steps.map(({ reward }) => reward);
  expect(found).toEqual([task.reward.min, task.reward.min, task.reward.min, task.reward.max]);
});

test("left goes one column back, right one on, each a row down", () => {
  // By hand, N = 4: right, right, left, right visit (0, 0), (1, 1), (2, 2), (3, 1), and end in column 2 of the last row.
  const right = rights(4, 5n);
  const { steps } = playTrial(buildTask("deep-sea", { size: 4, episodes: 1 }), 5n, 0n, ({ state, step }) =>
    step === 2 ? 1 - right[state] : right[state],
  );
  expect(steps.map(({ nextState }) => nextState)).toEqual([5, 10, 13, 14]);
});

test("one step left gives the treasure up, and loses all of it at once", () => {
  // By hand, N = 4: after a left at the first step the best is left all the way, 0; the regret of that step is 0.99.
  const task = buildTask("deep-sea", { size: 4, episodes: 1 });
  const right = rights(4, 1n);
  const { steps } = playTrial(task, 1n, 0n, ({ state }) => 1 - right[state]);
  expect(steps[0].regret).toBeCloseTo(0.99, 6);
  expect(steps.slice(1).map(({ regret }) => regret)).toEqual([0, 0, 0]);
});

test("uniform play finds the treasure once in 2^N", () => {
  // By hand: half of the N steps go right, for 0.005 in expectation; the treasure is worth 1 / 2^N.
  for (const size of [2, 6]) {
    const task = buildTask("deep-sea", { size, episodes: 1 });
    const regret = runAtOnce(uniformRegret(task, 3n, 0n))[size - 1];
    expect(regret).toBeCloseTo(0.99 - (2 ** -size - 0.005), 6);
  }
});

test("the actions' meaning differs from cell to cell and from instance to instance, each as often as the other", () => {
  const task = buildTask("deep-sea", { size: 50 });
  const share = (seed: bigint): number => {
    const { rewards } = mdpTruth(task, seed);
    return rewards.filter((reward, i) => i % 2 === 1 && reward !== 0).length / 2500;
  };
  for (let seed = 0n; seed < 4n; seed++) expect(Math.abs(share(seed) - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 2500));
  expect(rights(10, 1n)).not.toEqual(rights(10, 2n));
  expect([...mdpTruth(task, 1n).successors]).not.toEqual([...mdpTruth(task, 2n).successors]);
});
