import { integer } from "../../../common/options.js";
import { defineTask } from "../task.js";
import { type MdpTruth, onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

const LEFT = 0;
const RIGHT = 1;
const ACTIONS = 2;

/**
 * RiverSwim: swimming right against the current pays far more than drifting left, but only at the river's end.
 *
 * States 0 .. S-1 in a row, start 0. Left moves one state left for sure; in state 0 it stays and pays 0.005. Right: in state 0
 * stays with 0.4 and moves right with 0.6; inside moves left with 0.05, stays with 0.6, moves right with 0.35; in state S-1 stays
 * with 0.6, moves left with 0.4, and pays 1. Every other reward is 0. All rewards are certain. The instance has no randomness.
 *
 * Source: Strehl & Littman (2008), "An analysis of model-based Interval Estimation for Markov Decision Processes", figure 1; with these
 * chances Osband, Russo & Van Roy (2013), arXiv 1306.0940.
 * Differs: from the first, rewards 0.005 and 1 for 5 and 10,000, start in state 0, and the chances of right at both ends; from both,
 * any number of states, and rewards are float32, so 0.005 is 0.004999999888241291.
 */
export const riverSwim = defineTask({
  name: "river-swim",
  version: 1,
  summary: "A chain of states against a current: a small sure reward at the left end, a large one far to the right.",
  source: "Strehl & Littman (2008); Osband, Russo & Van Roy (2013), arXiv 1306.0940",
  options: {
    states: integer({ default: 6, min: 2, max: 100, help: "length of the river, S" }),
    horizon: integer({ default: 20, min: 1, max: 1000, help: "steps of an episode, H" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ states, horizon, episodes }) {
    const truth = riverSwimTruth(states); // one for all trials: the oracle plans once
    return {
      kinds: ["tabular-mdp"],
      numActions: ACTIONS,
      observationSpace: { type: "discrete", n: states },
      trialFeaturesShape: [],
      horizon,
      episodes,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "states" },
      actionNames: ["left", "right"],
      cost: tabularCost({
        draws: 0,
        pairs: ACTIONS * states,
        candidates: ACTIONS * states * BRANCHES,
        horizon,
        rows: horizon,
        bytes: 0,
      }),
      instanceOf: () => "",
      instantiate: (_taskSeed, noiseSeed) =>
        tabularEnv({ truth, horizon, reward: { kind: "deterministic" }, noiseSeed }),
    };
  },
});

/** Candidates of a pair: a step left, none, a step right. */
const BRANCHES = 3;

function riverSwimTruth(states: number): MdpTruth {
  const last = states - 1;
  const successors = new Int32Array(states * ACTIONS * BRANCHES); // [S, A, B]
  const probabilities = new Float64Array(states * ACTIONS * BRANCHES); // [S, A, B]
  for (let s = 0, row = 0; s < states; s++) {
    const neighbours = [Math.max(s - 1, 0), s, Math.min(s + 1, last)];
    const right = s === 0 ? [0, 0.4, 0.6] : s < last ? [0.05, 0.6, 0.35] : [0.4, 0.6, 0];
    for (const chances of [[1, 0, 0], right]) {
      successors.set(neighbours, row);
      probabilities.set(chances, row);
      row += BRANCHES;
    }
  }
  const rewards = new Float64Array(states * ACTIONS); // [S, A]
  rewards[0 * ACTIONS + LEFT] = Math.fround(0.005);
  rewards[last * ACTIONS + RIGHT] = 1;
  return { type: "mdp", numStates: states, successors, probabilities, rewards, start: onlyState(0, states) };
}
