import type { AgentJson, CurveJson, ResultsJson, TaskJson } from "#icrl/jobs/tournament/results.js";

/** A curve that rises by `early` a step at first and by `late` at last, to `final`: made up, shaped like real ones. */
function curve(steps: readonly number[], final: number, tau: number, se: number): CurveJson {
  const last = steps[steps.length - 1];
  const shape = (step: number) => (tau === Infinity ? step / last : Math.log1p(step / tau) / Math.log1p(last / tau));
  return {
    step: steps,
    mean: steps.map((step) => final * shape(step)),
    se: steps.map((step) => se * Math.sqrt(shape(step))),
  };
}

/** An agent's made-up result. */
export function madeUpAgent(name: string, steps: readonly number[], final: number, tau: number, se: number): AgentJson {
  return {
    name,
    agent: name,
    options: {},
    trials: 500,
    forfeits: 0,
    regret: { mean: final, se, ci95: [final - 1.96 * se, final + 1.96 * se] },
    return: { mean: 500 - final, se: 2 * se },
    curve: curve(steps, final, tau, se),
  };
}

/** Results of made-up tasks. */
export function madeUpResults(tasks: readonly TaskJson[]): ResultsJson {
  const names = [...new Set(tasks.flatMap((task) => task.agents.map((agent) => agent.name)))];
  return {
    schema_version: 2,
    command: "icrl tournament run demo.yaml --out demo",
    versions: { icrl: "0.1.0", node: "20.19.0", server: "0.1.0" },
    tournament: {
      id: "0123456789abcdef0123456789abcdef",
      name: "demo",
      seed: "7",
      trials: 500,
      tasks: tasks.map(({ id, task }) => ({ id, task, options: {} })),
      agents: names.map((name) => ({ name, agent: name, options: {}, tasks: [] })),
    },
    tasks,
    leaderboard: tasks.flatMap((task) =>
      [...task.agents]
        .sort((a, b) => a.regret.mean - b.regret.mean)
        .map(({ name, regret, trials, forfeits }, i) => ({
          task: task.id,
          name,
          rank: i + 1,
          regret: regret.mean,
          trials,
          forfeits,
        })),
    ),
  };
}

const upTo = (n: number, stride: number) => Array.from({ length: n / stride }, (_, i) => (i + 1) * stride);

/**
 * E1 of Lin, Bai & Mei 2023: finals recomputed on 20,000 instances (33.1, 51.1, 56.9, 221.7); standard errors for 500.
 */
export const e1: TaskJson = {
  id: "linear-bandit",
  task: "linear-bandit",
  options: {
    dim: 5,
    actions: 10,
    horizon: 200,
    noise_std: 1.5,
    theta: "uniform01",
    arms: "uniform-cube",
    arm_set: "fixed",
  },
  uniform_regret: 221.7,
  agents: [
    madeUpAgent("lin-ucb", upTo(200, 1), 33.1, 12, 1.2),
    madeUpAgent("lin-thompson", upTo(200, 1), 51.1, 25, 0.95),
    madeUpAgent("emp", upTo(200, 1), 56.9, 40, 2.6),
    madeUpAgent("uniform", upTo(200, 1), 221.7, Infinity, 4.5),
  ],
};

/** River-swim, 100 episodes of 20 steps: finals as published for 6 states (48.1, 78.5, 335; q-learning made up). */
export const riverSwim: TaskJson = {
  id: "river-swim",
  task: "river-swim",
  options: { states: 6, horizon: 20, episodes: 100 },
  uniform_regret: 335,
  agents: [
    madeUpAgent("ucbvi-bernstein", upTo(2000, 20), 48.1, 80, 0.9),
    madeUpAgent("ucbvi-hoeffding", upTo(2000, 20), 78.5, 250, 1.1),
    madeUpAgent("q-learning", upTo(2000, 20), 204, 2500, 5.5),
    madeUpAgent("uniform", upTo(2000, 20), 335, Infinity, 0.6),
  ],
};
