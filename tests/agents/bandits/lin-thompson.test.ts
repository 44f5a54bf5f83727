import { expect, it } from "vitest";
import { linThompson } from "#icrl/agents/bandits/lin-thompson.js";
import type { Trial } from "#icrl/clients/typescript/define-agent.js";
import { createPolicy } from "../../support/create-policy.js";

it("draws theta from the posterior: one feature, worked out by hand", () => {
  // Arms +1 and -1: arm 0 is chosen when theta > 0. After rewards 3, 3, 3 of arm 0 with noise_std 2 and prior_std 1:
  // V = 4 + 3 = 7, mean 9 / 7, standard deviation 2 / sqrt(7), so P(arm 0) = Phi(9 / (2 sqrt(7))) = Phi(1.7008)
  // = 0.9555.
  const arms = { data: Float32Array.of(1, -1), rows: 2, cols: 1 };
  const trial: Trial = {
    task: "linear-bandit",
    taskOptions: {},
    kinds: ["linear"],
    numActions: 2,
    numStates: 1,
    dim: 1,
    arms,
    horizon: 10,
    episodes: 1,
    reward: { kind: "gaussian", min: undefined, max: undefined, noiseStd: 2 },
  };
  const turn = { state: 0, arms, episode: 0, step: 0 };
  const policy = createPolicy(linThompson, trial, { noise_std: 2, prior_std: 1 }, 5n);
  for (let n = 0; n < 3; n++) {
    policy.observe?.({ ...turn, action: 0, reward: 3, nextState: 0, terminated: false, truncated: false });
  }
  const draws = 20_000;
  let first = 0;
  for (let n = 0; n < draws; n++) first += policy.act(turn) === 0 ? 1 : 0;
  expect(Math.abs(first / draws - 0.9555)).toBeLessThan(5 * Math.sqrt((0.9555 * 0.0445) / draws));
  expect(policy.propensity).toBeUndefined();
});
