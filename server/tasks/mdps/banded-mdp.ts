import { integer, number } from "../../../common/options.js";
import type { Rng } from "../../../common/rng.js";
import { defineTask, type RewardSpec } from "../task.js";
import { tabularParts } from "./tabular-parts.js";

/** States in which an episode may start. */
const STARTS = 3;
/** Least weight of a successor within its band, before they are normalised. */
const LEAST_WEIGHT = 0.2;
/** Widths of an action's reach are exponential, within these. */
const [LEAST_WIDTH, MOST_WIDTH] = [0.2, 1.6];
/** Below this no action reaches a successor: the nearest one does then. */
const NOTHING = 1e-10;

/**
 * Banded MDP: states in a row, of which every step reaches some before and some behind; the last one is the goal.
 *
 * State s leads to the states of its band, from_s <= s' < to_s: from_s is uniform among the min(S / 2, 18) states before
 * s (0 for s <= 2), to_s - 1 uniform among the min(S / 4, 6) + 1 states after it, and later where only pitfalls would be
 * ahead. What a state's band gets in all is uniform on [0.2, 1] for each s', halved for s itself, over their sum. It is
 * shared out among the actions: action a has a centre c_a, uniform on [from_s - 1, to_s], and the state a width w, Exp(1)
 * within [0.2, 1.6]; its share of s' is exp(-((c_a - s') / w)^2), over the sum of all actions' (the nearest action alone
 * where that is below 1e-10); then each action's chances are divided by their sum.
 *
 * An episode starts in one of the first three states, with the positive parts of three normals over their sum (drawn
 * again while all are 0). It ends in the goal, S - 1, and in pitfalls: each state from 3 to S - 2 is one with chance
 * `pitfalls`. The mean reward of (s, a) is the mean of g(s') over s', g increasing from 0 to 1, the partial sums of positive
 * parts of normals over their total; 0 in pitfalls, 1 + `bonus` in the goal. Rewards have normal noise.
 *
 * From the task seed, in the order of the states and, within, of the text above: streams "pitfalls" (uniforms), "bands",
 * "weights", "actions", "start", "rewards".
 *
 * Source: Wang et al. (2025), "OmniRL: In-Context Reinforcement Learning by Large-Scale Meta-Training in Randomized
 * Worlds", arXiv 2502.02869, whose AnyMDP has these transitions and starts.
 * Differs: the rewards are a simple increasing law; AnyMDP's have potentials, costs of actions and a goal and pitfalls that are
 * made steeper until the optimal values are in order, and only some of its goals end the episode.
 */
export const bandedMdp = defineTask({
  name: "banded-mdp",
  version: 1,
  summary: "States in a row with random local transitions, pitfalls on the way and a goal at the end.",
  source: "Wang et al. (2025), arXiv 2502.02869, AnyMDP's transitions; the rewards are our own",
  options: {
    states: integer({ default: 16, min: 8, max: 128, help: "number of states, S" }),
    actions: integer({ default: 5, min: 2, max: 8, help: "number of actions, A" }),
    pitfalls: number({ default: 0.1, min: 0, max: 0.4, help: "chance that a state on the way is a pitfall" }),
    bonus: number({ default: 5, min: 0, max: 1000, help: "what the goal pays beyond 1" }),
    noise_std: number({
      default: 0.1,
      min: 0,
      max: 1000,
      help: "standard deviation of the reward noise, in reward units",
    }),
    horizon: integer({ default: 50, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 20, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ states, actions, pitfalls, bonus, noise_std, horizon, episodes }) {
    const reward: RewardSpec = { kind: "gaussian", noiseStd: noise_std };
    const branches = states; // a band ends before the row does, where it does depends on the instance
    const pairs = states * actions;
    const every = Int32Array.from({ length: pairs * branches }, (_, i) => i % states);
    return tabularParts({
      numStates: states,
      numActions: actions,
      branches,
      horizon,
      episodes,
      reward,
      draws: 60 * pairs * Math.min(states, 26),
      draw(rng) {
        const terminal = new Uint8Array(states);
        terminal[states - 1] = 1;
        const pitRng = rng.split("pitfalls");
        for (let s = STARTS; s < states - 1; s++) terminal[s] = pitRng.uniform() < pitfalls ? 1 : 0;
        const probabilities = transitions(states, actions, terminal, rng);
        const worth = worths(states, bonus, terminal, rng.split("rewards"));
        const rewards = Float64Array.from({ length: pairs }, (_, pair) => {
          let mean = 0;
          for (let s = 0; s < states; s++) mean += probabilities[pair * states + s] * worth[s];
          return mean;
        });
        return { successors: every, probabilities, rewards, start: starts(states, rng.split("start")), terminal };
      },
    });
  },
});

/** P(s' | s, a), [S, A, S]. An episode is over in terminal states, which stay where they are. */
function transitions(states: number, actions: number, terminal: Uint8Array, rng: Rng): Float64Array {
  const [bandRng, weightRng, actionRng] = ["bands", "weights", "actions"].map((name) => rng.split(name));
  const most = { retreat: Math.min(Math.floor(states / 2), 18), leap: Math.min(Math.floor(states / 4), 6) + 1 };
  const probabilities = new Float64Array(states * actions * states);
  for (let s = 0; s < states; s++) {
    const rows = probabilities.subarray(s * actions * states, (s + 1) * actions * states);
    if (terminal[s] === 1) {
      for (let a = 0; a < actions; a++) rows[a * states + s] = 1;
      continue;
    }
    const lowest = Math.max(0, s - most.retreat);
    const from = s > 2 ? lowest + bandRng.integer(s - lowest) : 0;
    let to = Math.min(s + 2 + bandRng.integer(most.leap), states);
    // The goal is ahead of all, and no pitfall.
    while (to < states && terminal.subarray(s + 1, to).every((is) => is === 1)) to += 1;
    const weights = Float64Array.from({ length: to - from }, (_, i) => {
      const weight = LEAST_WEIGHT + (1 - LEAST_WEIGHT) * weightRng.uniform();
      return from + i === s ? weight / 2 : weight;
    });
    shareOut(rows, from, weights, { states, actions }, actionRng);
  }
  return probabilities;
}

/** Shares what a band has out among the actions: fills the rows of a state, [A, S]. */
function shareOut(
  rows: Float64Array,
  from: number,
  weights: Float64Array,
  { states, actions }: { readonly states: number; readonly actions: number },
  rng: Rng,
): void {
  const length = weights.length;
  const centres = Float64Array.from({ length: actions }, () => from - 1 + (length + 1) * rng.uniform());
  const width = Math.min(Math.max(-Math.log(1 - rng.uniform()), LEAST_WIDTH), MOST_WIDTH);
  for (let i = 0; i < length; i++) {
    const shares = centres.map((centre) => Math.exp(-(((centre - from - i) / width) ** 2)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const nearest = shares.indexOf(Math.max(...shares));
    for (let a = 0; a < actions; a++) {
      const share = total < NOTHING ? (a === nearest ? 1 : 0) : shares[a] / total;
      rows[a * states + from + i] = share * weights[i];
    }
  }
  for (let a = 0; a < actions; a++) {
    const row = rows.subarray(a * states, (a + 1) * states);
    const sum = row.reduce((total, p) => total + p, 0);
    if (sum > 0) for (let s = 0; s < states; s++) row[s] /= sum;
    else row[Math.min(Math.max(Math.round(centres[a]), from), from + length - 1)] = 1; // nothing is left for it but where it aims
  }
}

/** What it is worth to come to each state, [S]. */
function worths(states: number, bonus: number, terminal: Uint8Array, rng: Rng): Float64Array {
  const sums = new Float64Array(states);
  for (let s = 1; s < states; s++) sums[s] = sums[s - 1] + Math.max(rng.normal(), 0);
  const total = sums[states - 1] || 1;
  return sums.map((sum, s) => (s === states - 1 ? 1 + bonus : terminal[s] === 1 ? 0 : sum / total));
}

/** The distribution of the first state, [S]. */
function starts(states: number, rng: Rng): Float64Array {
  const start = new Float64Array(states);
  let total = 0;
  while (total === 0) {
    for (let s = 0; s < STARTS; s++) start[s] = Math.max(rng.normal(), 0);
    total = start[0] + start[1] + start[2];
  }
  return start.map((weight) => weight / total);
}
