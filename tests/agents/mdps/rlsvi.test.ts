import { describe, expect, it } from "vitest";
import { rlsvi } from "#icrl/agents/mdps/rlsvi.js";
import { findAgent } from "#icrl/agents/registry.js";
import type { Outcome } from "#icrl/clients/typescript/define-agent.js";
import { simulate } from "#icrl/jobs/simulate/simulate.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createPolicy } from "../../support/create-policy.js";
import { meanAndError } from "../../support/mean-and-error.js";
import { came, firstChoices, rewardsOf, toyTrial } from "./toy-mdp.js";

const DRAWS = 20_000;
const OPTIONS = { noise_std: 2, prior_std: 1, prior_mean: 0.5 };

/** The share of action 0 among first choices is `p`, within five standard errors. */
function expectShare(p: number, seen: readonly Outcome[], horizon: number, options: Record<string, unknown> = {}) {
  const trial = toyTrial({ horizon, reward: rewardsOf("gaussian") });
  const policy = createPolicy(rlsvi, trial, { ...OPTIONS, ...options }, 5n);
  for (const outcome of seen) policy.observe?.(outcome);
  const share = firstChoices(policy, DRAWS)[0] / DRAWS;
  expect(Math.abs(share - p), `${share} against ${p}`).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / DRAWS));
}

describe("rlsvi", () => {
  it("draws Q from the posterior of its regression", () => {
    // by hand: k = (2 / 1)^2 = 4, N = 4: mean (4 * 0.5 + 6) / 8 = 1, variance 4 / 8; the other: mean 0.5, variance 4 / 4.
    // Phi(0.5 / sqrt(1.5)) = Phi(0.408248) = 0.658454
    expectShare(
      0.658454,
      [1, 2, 1, 2].map((reward) => came(0, 0, 0, reward, 0, true)),
      1,
    );
  });

  it("regresses on the values drawn behind a step", () => {
    // Each stage has its own visits. Action 0 of step 0 led 12 times to state 1, where each of the two actions paid 3 in 4 million visits:
    // worth 3 for sure. by hand: mean (4 * 0.5 + 12 * 3) / 16 = 2.375, variance 4 / 16; the other: 0.5 and 1.
    // Phi(1.875 / sqrt(1.25)) = Phi(1.677051) = 0.953234
    const many = [0, 1].flatMap((action) => Array.from({ length: 40_000 }, () => came(1, 1, action, 3, 0, true)));
    const led = Array.from({ length: 12 }, () => came(0, 0, 0, 0, 1));
    expectShare(0.953234, [...many, ...led], 2, { stage_dependent: true });
  });

  it("expects nothing after a state that ended an episode early", () => {
    const seen = [
      ...Array.from({ length: 2000 }, () => came(2, 1, 0, 9, 1, true)),
      ...Array.from({ length: 2000 }, () => came(2, 1, 1, 9, 1, true)),
      ...Array.from({ length: 2000 }, () => came(0, 0, 1, 0.1, 1, true)),
      ...Array.from({ length: 2000 }, () => came(0, 0, 0, 0.2, 0)),
    ];
    const policy = createPolicy(rlsvi, toyTrial({ horizon: 3 }), { noise_std: 0.01, prior_std: 0.01 }, 8n);
    for (const outcome of seen) policy.observe?.(outcome);
    expect(firstChoices(policy, 200)).toEqual([200, 0]);
  });

  it("states no propensity: it has no closed form", () => {
    const policy = createPolicy(rlsvi, toyTrial(), {}, 7n);
    expect([policy.propensity, policy.probabilities]).toEqual([undefined, undefined]);
  });
});

describe("deep exploration", () => {
  const regret = (agent: string, options: Record<string, unknown>, task: string, taskOptions: Record<string, number>) =>
    meanAndError(simulate({ agent: findAgent(agent), options, task: buildTask(task, taskOptions), trials: 5 })).mean;

  it("finds deep sea's treasure, which epsilon-greedy Q-learning and the greedy model do not", () => {
    const sea = { size: 10, episodes: 300 };
    const most = 300 * 0.99; // the optimal return of an episode is 0.99
    expect(regret("rlsvi", {}, "deep-sea", sea)).toBeLessThan(0.5 * most);
    expect(regret("rlsvi", { noise_std: 0.1 }, "deep-sea", sea)).toBeLessThan(0.25 * most);
    expect(regret("q-learning", { explore: "epsilon-greedy" }, "deep-sea", sea)).toBeGreaterThan(0.98 * most);
    expect(regret("greedy-model", {}, "deep-sea", sea)).toBeGreaterThan(0.98 * most);
  });

  it("finds the far end of the chain, which epsilon-greedy Q-learning does not", () => {
    const most = 100 * 11; // the optimal return of an episode is 11
    expect(regret("rlsvi", {}, "chain", {})).toBeLessThan(0.1 * most);
    expect(regret("q-learning", { explore: "epsilon-greedy" }, "chain", {})).toBeGreaterThan(0.95 * most);
  });
});
