import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { explorationOf, hasFixedArms } from "#icrl/server/tournaments/exploration.js";

// By hand: regret 0 marks a best arm.
test.each([
  { why: "the best arm once in the second half", actions: [0, 0, 0, 1], regrets: [1, 1, 1, 0], fails: false, min: 0.5 },
  { why: "the best arm in the first half alone", actions: [1, 1, 0, 0], regrets: [0, 0, 1, 1], fails: true, min: 1 },
  {
    why: "an odd length, the best arm in the middle",
    actions: [0, 1, 0],
    regrets: [1, 0, 1],
    fails: false,
    min: 2 / 3,
  },
  { why: "one arm alone", actions: [0, 0], regrets: [1, 1], fails: true, min: 0 },
  { why: "one of two best arms", actions: [1, 1], regrets: [0, 0], fails: false, min: 0 },
])("with $why, suffix failure is $fails and K MinFrac $min", ({ actions, regrets, fails, min }) => {
  expect(explorationOf(actions, regrets, 2)).toEqual({ suffixFailure: fails, minFraction: min });
});

test("an arm that was never played makes K MinFrac 0, whatever the others were", () => {
  expect(explorationOf([0, 1, 0, 1], [0, 0, 0, 0], 3).minFraction).toBe(0);
});

test("bandits have fixed arms unless these are drawn at every step; MDPs have none", () => {
  expect(hasFixedArms(buildTask("bernoulli-bandit", {}))).toBe(true);
  expect(hasFixedArms(buildTask("linear-bandit", {}))).toBe(true);
  expect(hasFixedArms(buildTask("linear-bandit", { arm_set: "fresh" }))).toBe(false);
  expect(hasFixedArms(buildTask("river-swim", {}))).toBe(false);
});
