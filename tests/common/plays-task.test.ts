import { expect, test } from "vitest";
import { playsTask } from "#icrl/common/plays-task.js";

test("an agent plays a task by its name, by one of its kinds, or any when it declares none", () => {
  expect(playsTask(["linear-bandit"], "linear-bandit", ["bandit", "linear"])).toBe(true);
  expect(playsTask(["linear"], "linear-bandit", ["bandit", "linear"])).toBe(true);
  expect(playsTask([], "river-swim", ["tabular-mdp"])).toBe(true);
  expect(playsTask(["bandit"], "river-swim", ["tabular-mdp"])).toBe(false);
});
