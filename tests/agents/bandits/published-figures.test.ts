/**
 * Bandit experts against published figures, within three standard errors of the difference.
 *
 * Provenance. "Lin": Lin, Bai & Mei (2023), arXiv 2310.08566, the Bernoulli experiments at t = 200, 500 instances;
 * "recomputed": an independent simulation of 20,000 instances; "Duan": Duan et al. (2016), arXiv 1611.02779, table 1,
 * total reward, whose error is taken to be that of 1,000 instances.
 */
import { expect, it } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { simulate } from "#icrl/jobs/simulate/simulate.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { meanAndError } from "../../support/mean-and-error.js";

const E2 = buildTask("bernoulli-bandit", { arms: 5, horizon: 200 });

it("ucb lin2023 has the regret of Lin, Bai & Mei's UCB", () => {
  const options = { bonus: "lin2023" };
  const { mean, error } = meanAndError(simulate({ agent: findAgent("ucb"), options, task: E2, trials: 3000 }));
  expect(Math.abs(mean - 6.51), `${mean} (se ${error}) against Lin`).toBeLessThan(3 * Math.hypot(error, 0.34));
  expect(Math.abs(mean - 6.75), `${mean} (se ${error}) against recomputed`).toBeLessThan(3 * Math.hypot(error, 0.06));
});

const GREEDY = { epsilon: 0, prior_count: 2, ties: "lowest" };
const RL2 = [
  { agent: "gittins", options: {}, arms: 10, horizon: 500, figure: 437.8, spread: 47 },
  { agent: "gittins", options: {}, arms: 10, horizon: 100, figure: 82.8, spread: 11.5 },
  { agent: "gittins", options: {}, arms: 5, horizon: 10, figure: 6.6, spread: 2.2 },
  { agent: "ucb", options: { c: 0.2, prior_count: 2 }, arms: 10, horizon: 500, figure: 437.1, spread: 47 },
  { agent: "ucb", options: { c: 1, prior_count: 2 }, arms: 10, horizon: 500, figure: 367.8, spread: 47 },
  { agent: "thompson", options: {}, arms: 10, horizon: 500, figure: 429.5, spread: 49 },
  { agent: "epsilon-greedy", options: GREEDY, arms: 10, horizon: 500, figure: 395.0, spread: 65 },
  { agent: "epsilon-greedy", options: GREEDY, arms: 10, horizon: 100, figure: 77.1, spread: 13.5 },
  { agent: "epsilon-greedy", options: GREEDY, arms: 5, horizon: 10, figure: 6.6, spread: 2.2 },
];

for (const { agent, options, arms, horizon, figure, spread } of RL2) {
  it(`${agent} ${JSON.stringify(options)} earns what Duan et al. have on ${arms} arms in ${horizon} pulls`, () => {
    const task = buildTask("bernoulli-bandit", { arms, horizon });
    const { mean, error } = meanAndError(simulate({ agent: findAgent(agent), options, task, trials: 600 }));
    // The best of A uniforms is A / (A + 1) on average, and their luck with instances is in `spread`, ours is not.
    const reward = (horizon * arms) / (arms + 1) - mean;
    const tolerance = 3 * Math.hypot(error, spread / Math.sqrt(1000));
    expect(Math.abs(reward - figure), `${reward} (se ${error}) against Duan ${figure}`).toBeLessThan(tolerance);
  });
}
