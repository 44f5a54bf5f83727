import { describe, expect, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { resolveOptions } from "#icrl/common/options.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import type { ParticleTrials } from "#icrl/jobs/ratio/particle-trials.js";
import { type Player, policyTrials } from "#icrl/jobs/ratio/policy-trials.js";
import { runPopulation } from "#icrl/jobs/ratio/run-population.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

function player(name: string, options: Readonly<Record<string, unknown>> = {}): Player {
  const agent = findAgent(name);
  return { agent, options: resolveOptions(agent.options, options, name) };
}

interface Setting {
  readonly task: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly agents: readonly [string, Readonly<Record<string, unknown>>][];
}

const SETTINGS: Record<string, Setting> = {
  "Bernoulli arms": {
    task: "bernoulli-bandit",
    options: { arms: 3, horizon: 30 },
    agents: [
      ["thompson", {}],
      ["ucb", {}],
    ],
  },
  "normal arms": {
    task: "gaussian-bandit",
    options: { arms: 3, horizon: 30 },
    agents: [
      ["thompson", {}],
      ["epsilon-greedy", { epsilon: 0.2 }],
    ],
  },
  "fixed linear arms": {
    task: "linear-bandit",
    options: { dim: 2, actions: 3, horizon: 30 },
    agents: [["lin-ucb", {}]],
  },
  "fresh linear arms": {
    task: "linear-bandit",
    options: { dim: 2, actions: 3, horizon: 30, arm_set: "fresh" },
    agents: [["lin-ucb", {}]],
  },
  "an MDP of several episodes": {
    task: "river-swim",
    options: { states: 4, horizon: 6, episodes: 5 },
    agents: [
      ["q-learning", { explore: "epsilon-greedy", epsilon: 0.3 }],
      ["ucbvi", {}],
    ],
  },
  "an MDP whose episodes can end early": {
    task: "dark-room",
    options: { size: 3, horizon: 6, episodes: 5 },
    agents: [["q-learning", { explore: "epsilon-greedy" }]],
  },
};

function start({ task, options, agents }: Setting, size: number, seed = 3n): ParticleTrials {
  const players = agents.map(([name, given]) => player(name, given));
  return policyTrials({
    task: buildTask(task, options),
    taskId: "t",
    players,
    expert: 0,
    behaviours: players.map((_, i) => i),
    size,
    mostSteps: 40,
    seed,
    population: 0,
  });
}

/** Laws of a trial's coming action, expert's first; [] when it is over. */
function lawsOf(trials: ParticleTrials, trial: number, agents: number): number[] {
  const expert = new Float64Array(trials.numActions);
  const behaviours = new Float64Array(agents * trials.numActions);
  return trials.laws(trial, expert, behaviours) ? [...expert, ...behaviours] : [];
}

describe.each(Object.entries(SETTINGS))("%s", (_, setting) => {
  const agents = setting.agents.length;

  test("every law sums to 1 at every step until the trial is over, 30 steps at most", () => {
    const trials = start(setting, 1);
    const rng = rngFromSeed(1n);
    for (let step = 0; step < 31; step++) {
      const laws = lawsOf(trials, 0, agents);
      if (laws.length === 0) return;
      expect(step).toBeLessThan(30);
      for (let i = 0; i <= agents; i++) {
        const law = laws.slice(i * trials.numActions, (i + 1) * trials.numActions);
        expect(law.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
      }
      trials.take(0, rng.integer(trials.numActions));
    }
  });

  test("a copy's policies know what its trial's know, at any step", () => {
    const trials = start(setting, 3);
    const rng = rngFromSeed(2n);
    for (let step = 0; step < 30; step++) {
      const before = lawsOf(trials, 0, agents);
      trials.copy(0, 1);
      expect(lawsOf(trials, 1, agents)).toEqual(before);
      trials.copy(1, 2); // a copy of a copy
      expect(lawsOf(trials, 2, agents)).toEqual(before);
      if (before.length === 0) return;
      lawsOf(trials, 0, agents);
      trials.take(0, rng.integer(trials.numActions));
      if (rng.uniform() < 0.3) {
        lawsOf(trials, 2, agents);
        trials.take(2, 0); // is nothing to the one it came from
      }
    }
  });
});

test("copies of one trial meet luck of their own", () => {
  // By the posterior: after one pull of the same arm, two copies differ where one was paid and the other not.
  const setting = SETTINGS["Bernoulli arms"];
  const trials = start(setting, 60);
  for (let i = 1; i < 60; i++) trials.copy(0, i);
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    for (const action of [0, 1, 2, 0, 1, 2]) {
      lawsOf(trials, i, 2);
      trials.take(i, action);
    }
    seen.add(lawsOf(trials, i, 2).join());
  }
  expect(seen.size).toBeGreaterThan(5);
});

test("populations and seeds have instances of their own; the same ones have the same", () => {
  const outcome = (seed: bigint, population: number) => {
    const trials = policyTrials({
      task: buildTask("gaussian-bandit", { arms: 2, horizon: 5 }),
      taskId: "t",
      players: [player("thompson")],
      expert: 0,
      behaviours: [0],
      size: 1,
      mostSteps: 5,
      seed,
      population,
    });
    lawsOf(trials, 0, 1);
    trials.take(0, 1);
    return lawsOf(trials, 0, 1).join();
  };
  expect(outcome(1n, 0)).toBe(outcome(1n, 0));
  expect(new Set([outcome(1n, 0), outcome(1n, 1), outcome(2n, 0)]).size).toBe(3);
});

test("an agent that does not tell its law is refused by name", () => {
  const trials = start({ ...SETTINGS["fixed linear arms"], agents: [["lin-thompson", {}]] }, 1);
  expect(() => lawsOf(trials, 0, 1)).toThrow(/agent "lin-thompson" does not tell the probabilities of its choices/);
});

/**
 * R_T of Thompson sampling to uniform play on Bernoulli arms with uniform means, exactly: by the posterior an arm pays with
 * probability (1 + s) / (2 + s + f) whatever was played, so that the mean is a recursion over counts alone.
 */
function exactThompsonRatio(arms: number, steps: number): number {
  const thompson = player("thompson");
  const known = new Map<string, number>();
  const law = new Float64Array(arms);
  const ratio = (counts: readonly (readonly [number, number])[], left: number): number => {
    if (left === 0) return 1;
    const sorted = counts.toSorted(([s, f], [t, g]) => s - t || f - g);
    const key = `${left}: ${sorted.join(" ")}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const policy = thompson.agent.create(
      {
        task: "bernoulli-bandit",
        taskOptions: {},
        kinds: ["bandit", "bernoulli"],
        numActions: arms,
        numStates: 1,
        dim: 0,
        arms: undefined,
        horizon: steps,
        episodes: 1,
        reward: { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined },
      },
      thompson.options,
      rngFromSeed(0n),
    );
    const at = { state: 0, arms: undefined, episode: 0, step: 0, nextState: 0, terminated: false, truncated: false };
    sorted.forEach(([s, f], action) => {
      for (let i = 0; i < s; i++) policy.observe?.({ ...at, action, reward: 1 });
      for (let i = 0; i < f; i++) policy.observe?.({ ...at, action, reward: 0 });
    });
    policy.probabilities?.(at, law);
    let total = 0;
    for (const [a, p] of [...law].entries()) {
      const [s, f] = sorted[a];
      const after = (win: number) => sorted.with(a, [s + win, f + 1 - win]);
      const mean = (1 + s) / (2 + s + f);
      total += p * p * arms * (mean * ratio(after(1), left - 1) + (1 - mean) * ratio(after(0), left - 1));
    }
    known.set(key, total);
    return total;
  };
  return ratio(
    Array.from({ length: arms }, () => [0, 0] as const),
    steps,
  );
}

test("Thompson sampling to uniform play on five arms is what a recursion over all posteriors gives", () => {
  const players = [player("thompson"), player("uniform")];
  const horizons = [2, 4, 7];
  const points = runPopulation(
    policyTrials({
      task: buildTask("bernoulli-bandit", { arms: 5, horizon: 7 }),
      taskId: "e4",
      players,
      expert: 0,
      behaviours: [1],
      size: 3000,
      mostSteps: 7,
      seed: 1n,
      population: 0,
    }),
    Float64Array.of(1),
    horizons,
    rngFromSeed(1n),
  );
  for (const [i, horizon] of horizons.entries()) {
    const { logRatio, squaredShares } = points[i];
    const error = Math.sqrt(squaredShares); // relative
    expect(Math.abs(logRatio - Math.log(exactThompsonRatio(5, horizon))), `T = ${horizon}`).toBeLessThan(3 * error);
  }
});
