import { expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";
import { playTrial } from "./random-play.js";

test("three states have the documented moves and rewards", () => {
  const truth = mdpTruth(buildTask("chain", { length: 3 }), 0n);
  // By hand; pairs (0, left), (0, right), (1, left), (1, right), (2, left), (2, right).
  expect([...truth.successors]).toEqual([0, 1, 0, 2, 1, 2]);
  expect([...truth.rewards]).toEqual([Math.fround(0.001), 0, 0, 0, 0, 1]);
  expect([...truth.start]).toEqual([0, 1, 0]);
});

test("by default a chain of 10 with N + 9 = 19 steps is worth 11, which right all the way earns", () => {
  // By hand: 8 steps from the second to the tenth state, then 11 that pay 1.
  const task = buildTask("chain", { episodes: 2 });
  expect(firstValue(task, 3n)).toBe(11);
  const { steps, return: sum, regret } = playTrial(task, 3n, 4n, () => 1);
  expect({ sum, regret, length: steps.length }).toEqual({ sum: 22, regret: 0, length: 38 });
});

test("left all the way earns 18 thousandths and has the rest of the optimum as its regret", () => {
  // By hand: one step to the first state, then 18 paid ones. Nothing is random, so the regrets sum to what is lost of the optimum.
  const { return: sum, regret } = playTrial(buildTask("chain", { episodes: 1 }), 0n, 0n, () => 0);
  expect(sum).toBeCloseTo(0.018, 8);
  expect(regret).toBeCloseTo(11 - 0.018, 5);
});

test("where the far end is out of reach, left is the best", () => {
  // By hand: 5 steps do not reach the tenth state and act there; one step left, then 4 that pay 1/1000.
  expect(firstValue(buildTask("chain", { horizon: 5 }), 0n)).toBeCloseTo(0.004, 9);
  // The shortest chain starts in its last state.
  expect(firstValue(buildTask("chain", { length: 2, horizon: 5 }), 0n)).toBe(5);
});

test("uniform play's regret on the shortest chain", () => {
  // By hand, N = 2, H = 2, optimum 2. Uniform play earns 1/2 at the first step; then it is in either state with 1/2 and earns 1/2 in
  // the last, 1/2000 in the first: 0.75025 in all.
  const curve = runAtOnce(uniformRegret(buildTask("chain", { length: 2, horizon: 2, episodes: 3 }), 0n, 0n));
  expect(curve[2]).toBeCloseTo(3 * (2 - 0.75025), 8);
});
