/**
 * The experts cost what they cost others: cumulative regret against published and recomputed figures, within three
 * standard errors of the difference.
 *
 * Provenance. "paper": Lin, Bai & Mei (2023), arXiv 2310.08566, figures of the linear (E1) and Bernoulli (E2) bandit
 * experiments at t = 200, 500 instances, read out of the vector graphics. "recomputed": an independent simulation of
 * the algorithms as their code has them, 20,000 instances. RiverSwim: an independent simulation, 100 replicas, of which
 * the figures are the first 100 episodes of runs of 2,000; the length of the run enters hoeffding's logarithm.
 */
import { expect, it } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { meanAndError, regretsOf } from "#icrl/bench/play-trial.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const INSTANCES = 3000;
const E1 = buildTask("linear-bandit");
const E2 = buildTask("bernoulli-bandit", { arms: 5, horizon: 200, alpha: 1, beta: 1 });

const ROWS = [
  {
    row: "E1 LinUCB",
    task: E1,
    agent: "lin-ucb",
    figures: [
      ["paper", 32.79, 1.22],
      ["recomputed", 33.1, 0.19],
    ],
  },
  {
    row: "E1 Thompson",
    task: E1,
    agent: "lin-thompson",
    figures: [
      ["paper", 51.55, 0.93],
      ["recomputed", 51.07, 0.15],
    ],
  },
  {
    row: "E1 emp",
    task: E1,
    agent: "emp",
    figures: [
      ["paper", 56.94, 2.68],
      ["recomputed", 56.86, 0.41],
    ],
  },
  { row: "E1 uniform", task: E1, agent: "uniform", figures: [["recomputed", 221.7, undefined]] },
  {
    row: "E2 Thompson",
    task: E2,
    agent: "thompson",
    figures: [
      ["paper", 10.68, 0.24],
      ["recomputed", 10.63, 0.04],
    ],
  },
  {
    row: "E2 emp",
    task: E2,
    agent: "emp",
    figures: [
      ["paper", 11.6, 0.85],
      ["recomputed", 12.04, 0.15],
    ],
  },
  { row: "E2 uniform", task: E2, agent: "uniform", figures: [["recomputed", 66.5, undefined]] },
] as const;

for (const { row, task, agent, figures } of ROWS) {
  it(`${row} has the regret of the literature at t = 200`, () => {
    const { mean, error } = meanAndError(regretsOf({ agent: findAgent(agent), task }, INSTANCES));
    for (const [provenance, figure, figureError] of figures) {
      // Where a figure has no error of its own: ours, for its number of instances.
      const tolerance = 3 * Math.hypot(error, figureError ?? error * Math.sqrt(INSTANCES / 20_000));
      expect(Math.abs(mean - figure), `${mean} (se ${error}) against ${provenance} ${figure}`).toBeLessThan(tolerance);
    }
  });
}

const RIVER = buildTask("river-swim", { states: 6, horizon: 20, episodes: 2000 });

for (const { row, agent, options, figure } of [
  { row: "hoeffding x 0.02", agent: "ucbvi", options: { bonus: "hoeffding", scale: 0.02 }, figure: 78.5 },
  { row: "hoeffding x 1", agent: "ucbvi", options: { bonus: "hoeffding", scale: 1 }, figure: 335 },
  { row: "bernstein x 1", agent: "ucbvi", options: { bonus: "bernstein", scale: 1 }, figure: 48.1 },
  { row: "uniform", agent: "uniform", options: {}, figure: 335 },
]) {
  it(`RiverSwim ${row} has the recomputed regret after 100 episodes, to 10 %`, () => {
    const { mean } = meanAndError(regretsOf({ agent: findAgent(agent), options, task: RIVER, episodes: 100 }, 100));
    expect(mean / figure).toBeGreaterThan(0.9);
    expect(mean / figure).toBeLessThan(1.1);
  });
}

it("Q-learning beats random play on RiverSwim and is beaten by UCB-VI", () => {
  const regret = (agent: string) =>
    meanAndError(regretsOf({ agent: findAgent(agent), task: RIVER, episodes: 300 }, 20)).mean;
  const [optimist, learner, random] = [regret("ucbvi"), regret("q-learning"), regret("uniform")];
  expect(optimist).toBeLessThan(learner);
  expect(learner).toBeLessThan(random);
});
