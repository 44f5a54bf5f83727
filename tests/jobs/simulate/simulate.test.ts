import { expect, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { simulate } from "#icrl/jobs/simulate/simulate.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const SPEC = { agent: findAgent("ucb"), task: buildTask("bernoulli-bandit", { arms: 3, horizon: 20 }), trials: 5 };

test("it tells how far it is, and the same seed gives the same regrets, another others", () => {
  const told: number[] = [];
  const regrets = simulate({ ...SPEC, seed: 4n }, (done) => told.push(done));
  expect(told).toEqual([1, 2, 3, 4, 5]);
  expect(simulate({ ...SPEC, seed: 4n })).toEqual(regrets);
  expect(simulate({ ...SPEC, seed: 5n })).not.toEqual(regrets);
  expect(Math.min(...regrets)).toBeGreaterThanOrEqual(0);
});

test("it stops between two trials, with the reason why", () => {
  const stopping = new AbortController();
  const told: number[] = [];
  const onTrial = (done: number) => {
    told.push(done);
    if (done === 2) stopping.abort(new Error("enough"));
  };
  expect(() => simulate(SPEC, onTrial, stopping.signal)).toThrow("enough");
  expect(told).toEqual([1, 2]);
});
