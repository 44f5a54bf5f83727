import { expect, it } from "vitest";
import { emp } from "#icrl/agents/bandits/emp.js";
import { thompson } from "#icrl/agents/bandits/thompson.js";
import { createPolicy } from "#icrl/bench/play-trial.js";
import type { Outcome, Trial } from "#icrl/clients/typescript/define-agent.js";

const trialOf = (numActions: number): Trial => ({
  task: "bernoulli-bandit",
  taskOptions: {},
  kinds: ["bandit", "bernoulli"],
  numActions,
  numStates: 1,
  dim: 0,
  arms: undefined,
  horizon: 200,
  episodes: 1,
  reward: { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined },
});
const turn = { state: 0, arms: undefined, episode: 0, step: 0 };
const came = (action: number, reward: number): Outcome => ({
  ...turn,
  action,
  reward,
  nextState: 0,
  terminated: false,
  truncated: false,
});

it("emp plays each arm once in order, then the best mean, the lowest index on ties", () => {
  const policy = createPolicy(emp, trialOf(3), {}, 1n);
  const play = (reward: number) => {
    const action = policy.act(turn);
    policy.observe?.(came(action, reward));
    return action;
  };
  expect([play(0), play(1), play(1)]).toEqual([0, 1, 2]);
  expect(play(0)).toBe(1); // means 0, 1, 1; now 0, 1/2, 1
  expect(play(0)).toBe(2); // now 0, 1/2, 1/2
  expect(play(0)).toBe(1); // now 0, 1/3, 1/2
  expect(play(1)).toBe(2);
});

it("thompson's choices follow the posterior", () => {
  // Arm 0 has seen nothing, arm 1 one success: P(Beta(1, 1) > Beta(2, 1)) = integral of (1 - x) 2x dx = 1/3, by hand.
  const policy = createPolicy(thompson, trialOf(2), {}, 2n);
  policy.observe?.(came(1, 1));
  const draws = 20_000;
  let first = 0;
  for (let n = 0; n < draws; n++) first += policy.act(turn) === 0 ? 1 : 0;
  expect(Math.abs(first / draws - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / draws));
  expect(policy.propensity).toBeUndefined();
});
