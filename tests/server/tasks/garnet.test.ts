import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { mdpTruth } from "./mdp-values.js";

test("each pair has its own different successors, all states alike, and chances that are the pieces of [0, 1]", () => {
  const states = 5;
  const task = buildTask("garnet", { states, actions: 3, branching: 3 });
  const seen = new Float64Array(states);
  let [largest, rows, rewards] = [0, 0, 0];
  for (let seed = 0n; seed < 300n; seed++) {
    const truth = mdpTruth(task, seed);
    for (let row = 0; row < truth.successors.length; row += 3) {
      const successors = truth.successors.subarray(row, row + 3);
      expect(new Set(successors).size).toBe(3);
      for (const next of successors) seen[next] += 1;
      largest += Math.max(...truth.probabilities.subarray(row, row + 3));
      rows += 1;
    }
    rewards += truth.rewards.reduce((sum, m) => sum + m * m, 0);
  }
  // 4,500 rows: each state is in 3 of 5; the longest of three pieces is (1 + 1/2 + 1/3) / 3 on average; m ~ N(0, 1).
  for (const count of seen) expect(count / rows).toBeCloseTo(3 / 5, 1);
  expect(largest / rows).toBeCloseTo(11 / 18, 1);
  expect(rewards / rows).toBeCloseTo(1, 1);
});

test("more successors than states are all states", () => {
  const { successors } = mdpTruth(buildTask("garnet", { states: 3, actions: 2, branching: 16 }), 1n);
  expect(successors.length).toBe(3 * 2 * 3);
});
