import { describe, expect, test } from "vitest";
import type { ParticleTrials } from "#icrl/clients/cli/ratio/particle-trials.js";
import { poolPopulations } from "#icrl/clients/cli/ratio/pool-populations.js";
import { type PopulationPoint, runPopulation } from "#icrl/clients/cli/ratio/run-population.js";
import { rngFromSeed } from "#icrl/common/rng.js";

/** What a trial showed: an action and a reward, 0 or 1, of each step. */
type History = readonly (readonly [action: number, reward: number])[];
/** Law of the coming action, [A]. */
type Law = (history: History) => readonly number[];

/** Bernoulli bandits with two arms and two instances, of the same probability, so few that all trials can be written down. */
interface Game {
  readonly instances: readonly (readonly [number, number])[];
  readonly expert: Law;
  readonly behaviours: readonly Law[];
  readonly weights: readonly number[];
  /** Whether a trial ends there; after the last step in any case. */
  readonly isOver?: (history: History) => boolean;
}

/** R_T from its definition: the sum over all instances and trials of the expert's probability of it times E / B. */
function exactRatio(game: Game, steps: number): number {
  const { instances, expert, behaviours, weights, isOver = () => false } = game;
  const sum = (history: History, means: readonly number[], luck: number, e: number, bs: readonly number[]): number => {
    if (history.length === steps || isOver(history)) {
      return (luck * e * e) / bs.reduce((mixture, b, k) => mixture + weights[k] * b, 0);
    }
    let total = 0;
    for (const action of [0, 1]) {
      const chance = expert(history)[action];
      if (chance === 0) continue;
      for (const reward of [0, 1]) {
        total += sum(
          [...history, [action, reward]],
          means,
          luck * (reward === 1 ? means[action] : 1 - means[action]),
          e * chance,
          bs.map((b, k) => b * behaviours[k](history)[action]),
        );
      }
    }
    return total;
  };
  const ones = behaviours.map(() => 1);
  return instances.reduce((total, means) => total + sum([], means, 1 / instances.length, 1, ones), 0);
}

/** The game's trials with luck of a seed; every copy goes on with luck of its own. */
function trialsOf(game: Game, size: number, steps: number, seed: bigint): ParticleTrials & { copies: number } {
  const rng = rngFromSeed(seed).split("luck");
  const means = Array.from({ length: size }, () => game.instances[rng.integer(game.instances.length)]);
  const histories: History[] = Array.from({ length: size }, () => []);
  const waits = new Uint8Array(size); // for an action: its laws were asked for
  return {
    size,
    numActions: 2,
    copies: 0,
    laws(i, expert, behaviours) {
      const history = histories[i];
      if (history.length === steps || game.isOver?.(history)) return false;
      expect(waits[i]).toBe(0);
      waits[i] = 1;
      expert.set(game.expert(history));
      for (const [k, behaviour] of game.behaviours.entries()) behaviours.set(behaviour(history), 2 * k);
      return true;
    },
    take(i, action) {
      expect(waits[i]).toBe(1);
      waits[i] = 0;
      histories[i] = [...histories[i], [action, rng.uniform() < means[i][action] ? 1 : 0]];
    },
    copy(from, to) {
      this.copies += 1;
      waits[to] = waits[from];
      histories[to] = histories[from];
      means[to] = means[from];
    },
  };
}

const wins = (history: History, arm: number) => history.filter(([a, r]) => a === arm && r === 1).length;
const losses = (history: History, arm: number) => history.filter(([a, r]) => a === arm && r === 0).length;

const coin: Law = () => [0.5, 0.5];
/** Prefers what paid. */
const learner: Law = (history) => {
  const [x, y] = [0, 1].map((arm) => (1 + wins(history, arm)) / (2 + wins(history, arm) + losses(history, arm)));
  return [x ** 8 / (x ** 8 + y ** 8), y ** 8 / (x ** 8 + y ** 8)];
};
/** Plays one arm until it loses, anything from there on. So its trials are very unequally far from a coin's. */
const stubborn: Law = (history) => (history.some(([, reward]) => reward === 0) ? [0.45, 0.55] : [0.02, 0.98]);
const lefty: Law = () => [0.9, 0.1];

const instances = [
  [0.3, 0.9],
  [0.6, 0.2],
] as const;

const GAMES: Record<string, Game> = {
  "one behaviour": { instances, expert: stubborn, behaviours: [coin], weights: [1] },
  "one that is mostly wrong": { instances, expert: learner, behaviours: [lefty], weights: [1] },
  "a mixture": { instances, expert: stubborn, behaviours: [coin, lefty], weights: [0.3, 0.7] },
  "a mixture with the expert in it": {
    instances,
    expert: stubborn,
    behaviours: [lefty, stubborn],
    weights: [0.95, 0.05],
  },
  "a mixture of three, one of which cannot do all": {
    instances,
    expert: learner,
    behaviours: [coin, () => [1, 0], lefty],
    weights: [0.1, 0.6, 0.3],
  },
  "trials that end when the expert loses": {
    instances,
    expert: stubborn,
    behaviours: [coin],
    weights: [1],
    isOver: (history) => history.at(-1)?.[1] === 0,
  },
  "trials that end sooner the less the expert wins": {
    instances,
    expert: (history) => (wins(history, 1) > 0 ? [0.01, 0.99] : [0.4, 0.6]),
    behaviours: [coin],
    weights: [1],
    isOver: (history) => history.length >= 2 && wins(history, 1) === 0,
  },
};

const run = (game: Game, size: number, horizons: readonly number[], seed: bigint): PopulationPoint[] =>
  runPopulation(
    trialsOf(game, size, 12, seed),
    Float64Array.from(game.weights),
    horizons,
    rngFromSeed(seed).split("population"),
  );

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1) };
}

describe.each(Object.entries(GAMES))("with %s", (_, game) => {
  test("a large population is near the sum over all trials", () => {
    for (const { horizon, logRatio, squaredShares } of run(game, 4000, [1, 3, 6], 5n)) {
      const error = Math.sqrt(squaredShares); // relative, if all weight were independent: an upper bound of sorts
      expect(Math.abs(Math.exp(logRatio) / exactRatio(game, horizon) - 1), `T = ${horizon}`).toBeLessThan(
        4 * error + 1e-9,
      );
    }
  });

  test.skipIf(game.behaviours.includes(game.expert))("populations resample, or the next test would say little", () => {
    let copies = 0;
    for (let seed = 0n; seed < 100n; seed++) {
      const trials = trialsOf(game, 12, 12, seed);
      runPopulation(trials, Float64Array.from(game.weights), [6], rngFromSeed(seed));
      copies += trials.copies;
    }
    expect(copies).toBeGreaterThan(50);
  });

  test("small populations, which resample often, are right on average", () => {
    const estimates = Array.from({ length: 1500 }, (_, i) => Math.exp(run(game, 12, [6], BigInt(i))[0].logRatio));
    const { mean, variance } = momentsOf(estimates);
    expect(Math.abs(mean - exactRatio(game, 6))).toBeLessThan(4 * Math.sqrt(variance / estimates.length) + 1e-9);
  });

  test("the shares of ancestors tell how much populations differ", () => {
    const points = Array.from({ length: 500 }, (_, i) => run(game, 60, [6], BigInt(i))[0]);
    const { mean, variance } = momentsOf(points.map(({ logRatio }) => Math.exp(logRatio)));
    // Lee & Whiteley (2018): the relative variance is about E[sum of squared shares] - 1/N.
    const told = momentsOf(points.map(({ squaredShares }) => squaredShares)).mean - 1 / 60;
    const found = variance / mean ** 2;
    expect(found / told, `${found}, and ${told} was told`).toBeGreaterThan(0.6);
    expect(found / told, `${found}, and ${told} was told`).toBeLessThan(1.6);
  });
});

test("a behaviour that is the expert has a ratio of exactly 1, and all of its particles", () => {
  const same = { ...GAMES["one behaviour"], behaviours: [stubborn] };
  for (const { logRatio, squaredShares, ancestors } of run(same, 100, [1, 12], 1n)) {
    expect(Math.abs(logRatio)).toBeLessThan(1e-12);
    expect(1 / squaredShares).toBeCloseTo(100, 8);
    expect(ancestors).toBe(100);
  }
});

test("with the expert in the mixture R is near 1 / its weight, and few particles find it", () => {
  // Lin, Bai & Mei (2023): R <= 1 / alpha. By hand: the log ratio of 12 steps to the other part is far above log 20.
  const [{ logRatio, squaredShares }] = run(GAMES["a mixture with the expert in it"], 1000, [12], 1n);
  expect(Math.exp(logRatio)).toBeLessThanOrEqual(20);
  expect(Math.exp(logRatio)).toBeGreaterThan(5);
  expect(1 / squaredShares).toBeGreaterThan(300);
});

test("without resampling the effective size is that of plain importance sampling: 1 / sum of squared weights", () => {
  const [{ squaredShares, ancestors }] = run(GAMES["one behaviour"], 50, [1], 1n);
  expect(ancestors).toBe(50);
  expect(1 / squaredShares).toBeCloseTo(50, 8); // at the first step all weights are alike
});

test("the ratio is infinite from the step on at which the mixture cannot do what the expert can", () => {
  const game = {
    ...GAMES["one behaviour"],
    behaviours: [(history: History) => (history.length === 3 ? [1, 0] : [0.5, 0.5])],
  };
  const points = run(game, 200, [1, 3, 4, 6], 1n);
  expect(points.map(({ horizon }) => horizon)).toEqual([1, 3, 4, 6]);
  expect(points.map(({ logRatio }) => logRatio === Number.POSITIVE_INFINITY)).toEqual([false, false, true, true]);
  // Not so where the expert never does it either.
  const careful = { ...game, expert: game.behaviours[0] };
  expect(run(careful, 200, [6], 1n)[0].logRatio).toBeCloseTo(0, 12);
});

test("populations are pooled by their own estimates; few effective instances are called unreliable", () => {
  const point = (logRatio: number, ess: number) => [{ horizon: 5, logRatio, squaredShares: 1 / ess, ancestors: 60 }];
  // by hand: R = (10 + 30) / 2; shares 1/4 and 3/4; ess = 1 / (1/16/80 + 9/16/80) = 128; s.e. of the logs = (log 3) / 2
  const [pooled] = poolPopulations([point(Math.log(10), 80), point(Math.log(30), 80)]);
  expect(Math.exp(pooled.logRatio)).toBeCloseTo(20, 10);
  expect(pooled.ess).toBeCloseTo(128, 10);
  expect(pooled.standardError).toBeCloseTo(Math.log(3) / 2, 10);
  expect(pooled).toMatchObject({ horizon: 5, ancestors: 120, unreliable: false });
  expect(poolPopulations([point(0, 99.9)])[0]).toMatchObject({ unreliable: true, standardError: undefined });
  expect(poolPopulations([point(900, 500), point(900, 500)])[0].logRatio).toBeCloseTo(900, 10); // R is beyond a double
  expect(poolPopulations([point(1, 500), point(Number.POSITIVE_INFINITY, 1)])[0]).toMatchObject({
    logRatio: Number.POSITIVE_INFINITY,
    standardError: undefined,
    unreliable: false,
  });
});
