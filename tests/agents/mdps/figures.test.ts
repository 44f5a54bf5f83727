/**
 * Regrets and returns of the planning agents against recomputed and published figures, on few instances: `npm run parity` has the
 * whole of it.
 *
 * Provenance. RiverSwim and the Bernoulli MDPs: independent simulations, 100 replicas; the first 100 episodes of runs of 2,000, and
 * the first 50 of runs of 400. RL^2: Duan et al. (2016), table 2, total reward of 10 episodes, 1,000 instances.
 */
import { expect, it } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { simulate } from "#icrl/jobs/simulate/simulate.js";
import { simulateTrial } from "#icrl/jobs/simulate/simulate-trial.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { meanAndError } from "../../support/mean-and-error.js";

const RIVER = buildTask("river-swim", { states: 6, horizon: 20, episodes: 2000 });
const BERNOULLI = buildTask("random-mdp", { states: 5, actions: 3, horizon: 5, episodes: 400, rewards: "bernoulli" });
const RL2 = buildTask("random-mdp", { states: 10, actions: 5, horizon: 10, episodes: 10 });

const HOEFFDING = { bonus: "hoeffding", scale: 0.02 };
const SIMPLIFIED = { bonus: "simplified-bernstein" };

for (const [row, agent, options, task, episodes, trials, figure] of [
  ["RiverSwim PSRL", "psrl", { rewards: "empirical" }, RIVER, 100, 100, 71.9],
  ["RiverSwim simplified Bernstein", "ucbvi", SIMPLIFIED, RIVER, 100, 100, 64.6],
  ["random MDP PSRL", "psrl", { rewards: "beta" }, BERNOULLI, 50, 300, 19.8],
  ["random MDP hoeffding x 1", "ucbvi", { bonus: "hoeffding" }, BERNOULLI, 50, 300, 67],
  ["random MDP hoeffding x 0.02", "ucbvi", HOEFFDING, BERNOULLI, 50, 300, 14.9],
  ["random MDP bernstein", "ucbvi", {}, BERNOULLI, 50, 300, 31],
] as const) {
  it(`${row} has the recomputed regret after ${episodes} episodes, to 10 %`, () => {
    const { mean } = meanAndError(simulate({ agent: findAgent(agent), options, task, episodes, trials }));
    expect(mean / figure).toBeGreaterThan(0.9);
    expect(mean / figure).toBeLessThan(1.1);
  });
}

for (const [agent, options, figure] of [
  ["psrl", {}, 138.1],
  ["greedy-model", { prior_count: 0 }, 134.8],
] as const) {
  it(`${agent} ${JSON.stringify(options)} earns on RL^2's MDPs what is published, within three standard errors`, () => {
    const series = { purpose: "validate", seed: 2n, taskId: RL2.name, entrant: agent } as const;
    const returns = Float64Array.from({ length: 500 }, (_, i) => {
      let sum = 0;
      const setup = { agent: findAgent(agent), options, task: RL2, ...trialSeeds(series, BigInt(i)) };
      for (const { view } of simulateTrial(setup)) sum += view.reward;
      return sum;
    });
    const { mean, error } = meanAndError(returns);
    // The figure's own error is ours for its 1,000 instances.
    expect(Math.abs(mean - figure), `${mean} (se ${error})`).toBeLessThan(3 * error * Math.sqrt(1 + 500 / 1000));
  });
}
