import { expect } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import type { ParticleTrials } from "#icrl/jobs/ratio/particle-trials.js";
import { type PopulationPoint, runPopulation } from "#icrl/jobs/ratio/run-population.js";

/** What a trial showed: an action and a reward, 0 or 1, of each step. */
export type History = readonly (readonly [action: number, reward: number])[];
/** Law of the coming action, [A]. */
export type Law = (history: History) => readonly number[];

/** Bernoulli bandits with two arms and two instances, of the same probability, so few that all trials can be written down. */
export interface Game {
  readonly instances: readonly (readonly [number, number])[];
  readonly expert: Law;
  readonly behaviours: readonly Law[];
  readonly weights: readonly number[];
  /** Whether a trial ends there; after the last step in any case. */
  readonly isOver?: (history: History) => boolean;
}

/** R_T from its definition: the sum over all instances and trials of the expert's probability of it times E / B. */
export function exactRatio(game: Game, steps: number): number {
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
export function trialsOf(game: Game, size: number, steps: number, seed: bigint): ParticleTrials & { copies: number } {
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

export const wins = (history: History, arm: number) => history.filter(([a, r]) => a === arm && r === 1).length;
export const losses = (history: History, arm: number) => history.filter(([a, r]) => a === arm && r === 0).length;

export const coin: Law = () => [0.5, 0.5];
/** Prefers what paid. */
export const learner: Law = (history) => {
  const [x, y] = [0, 1].map((arm) => (1 + wins(history, arm)) / (2 + wins(history, arm) + losses(history, arm)));
  return [x ** 8 / (x ** 8 + y ** 8), y ** 8 / (x ** 8 + y ** 8)];
};
/** Plays one arm until it loses, anything from there on. So its trials are very unequally far from a coin's. */
export const stubborn: Law = (history) => (history.some(([, reward]) => reward === 0) ? [0.45, 0.55] : [0.02, 0.98]);
export const lefty: Law = () => [0.9, 0.1];

export const instances = [
  [0.3, 0.9],
  [0.6, 0.2],
] as const;

export const GAMES: Record<string, Game> = {
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

export const run = (game: Game, size: number, horizons: readonly number[], seed: bigint): PopulationPoint[] =>
  runPopulation(
    trialsOf(game, size, 12, seed),
    Float64Array.from(game.weights),
    horizons,
    rngFromSeed(seed).split("population"),
  );

export function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1) };
}
