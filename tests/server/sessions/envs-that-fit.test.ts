import { expect, test } from "vitest";
import { envsThatFit, playBytes, rowTextBytes } from "#icrl/server/sessions/envs-that-fit.js";
import { type LimitOptions, resolveLimits } from "#icrl/server/sessions/limits.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const limitsOf = (given: Partial<LimitOptions> = {}) => resolveLimits(given);

test("a play grows with its envs, its steps, what they show, and what its rows say", () => {
  const bandit = buildTask("bernoulli-bandit", { horizon: 100 });
  const one = playBytes(bandit, 1, false, 0);
  const perEnv = playBytes(bandit, 2, false, 0) - one;
  expect(playBytes(bandit, 10, false, 0)).toBe(one + 9 * perEnv);
  expect(perEnv).toBeGreaterThan(2 * 100 * 24); // by hand: 24 bytes a step, and the log's copy of them
  expect(playBytes(bandit, 2, false, 4000) - playBytes(bandit, 1, false, 4000)).toBe(perEnv + 4000);
  const shown = buildTask("linear-bandit", { horizon: 100, dim: 8, actions: 50, arm_set: "fresh" });
  expect(playBytes(shown, 1, false, 0)).toBeGreaterThan(100 * 8 * 50 * 4);
  expect(rowTextBytes({ a: "é" }, {})).toBe(10 + 2); // by hand: {"a":"é"} and {}
});

test("instances count: a random MDP has transitions of its own, a river has none", () => {
  const options = { horizon: 10, episodes: 1 };
  const random = playBytes(buildTask("random-mdp", { states: 64, actions: 32, ...options }), 1, false, 0);
  expect(random).toBeGreaterThan(8 * 64 * 64 * 32);
  expect(playBytes(buildTask("river-swim", { states: 64, ...options }), 1, false, 0)).toBeLessThan(20_000);
});

test("as many envs fit as a session may hold, and as all may", () => {
  const bandit = buildTask("bernoulli-bandit", { horizon: 1000 });
  expect(envsThatFit(bandit, limitsOf())).toBe(4096);
  for (const limits of [{ max_session_bytes: 1 << 24 }, { max_memory_bytes: 1 << 24 }]) {
    const fitting = envsThatFit(bandit, limitsOf(limits));
    expect(playBytes(bandit, fitting, false, 0)).toBeLessThanOrEqual(1 << 24);
    expect(playBytes(bandit, fitting + 1, false, 0)).toBeGreaterThan(1 << 24);
  }
});

test("no env fits of a task whose episodes are more than the log takes", () => {
  // by hand: 700 steps of 64 x 1,024 features of 4 bytes are 184 MB; 400 are 105 MB
  const of = (horizon: number) => buildTask("linear-bandit", { dim: 64, actions: 1024, arm_set: "fresh", horizon });
  expect([envsThatFit(of(700), limitsOf()), envsThatFit(of(400), limitsOf())]).toEqual([0, 2]);
});
