import { integer } from "../../../common/options.js";
import { defineTask } from "../task.js";
import { type MdpTruth, onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

const LEFT = 0;
const RIGHT = 1;
const ACTIONS = 2;

/**
 * Chain: a little is to be had nearby, a thousand times as much at the far end of a row of states.
 *
 * States 0 .. N-1 in a row, start in state 1. Left (action 0) moves one state left, right (action 1) one right; at
 * the ends they stay. Left in state 0 pays 1/1000, right in state N-1 pays 1, all else 0. All of it is certain, and
 * the instance has no randomness. The optimal return is H - (N - 2), right all the way, where that is more than the
 * (H - 1) / 1000 of left all the way.
 *
 * Source: Osband, Blundell, Pritzel & Van Roy (2016), "Deep Exploration via Bootstrapped DQN", arXiv 1602.04621, the
 * chain (H = N + 9: the defaults, N = 10).
 * Differs: the paper leaves open whether being in an end state, arriving there or acting there pays; here acting
 * does, so with H = N + 9 the optimum is 11. The observation is the state's number, not a vector. The horizon is an
 * option of its own and does not follow the length. Rewards are float32, so 1/1000 is 0.0010000000474974513.
 */
export const chain = defineTask({
  name: "chain",
  version: 1,
  summary: "A row of states: left pays 1/1000 at the near end, right pays 1 at the far one.",
  source: "Osband, Blundell, Pritzel & Van Roy (2016), arXiv 1602.04621",
  options: {
    length: integer({ default: 10, min: 2, max: 1000, help: "number of states, N" }),
    horizon: integer({ default: 19, min: 1, max: 2000, help: "steps of an episode, H; the paper has N + 9" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ length, horizon, episodes }) {
    const truth = chainTruth(length); // one for all trials: the oracle plans once
    return {
      kinds: ["tabular-mdp"],
      numActions: ACTIONS,
      observationSpace: { type: "discrete", n: length },
      trialFeaturesShape: [],
      horizon,
      episodes,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "states" },
      actionNames: ["left", "right"],
      cost: tabularCost({
        draws: 0,
        pairs: ACTIONS * length,
        candidates: ACTIONS * length,
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

function chainTruth(length: number): MdpTruth {
  const last = length - 1;
  const successors = new Int32Array(length * ACTIONS); // [S, A]
  for (let s = 0; s < length; s++) {
    successors[s * ACTIONS + LEFT] = Math.max(s - 1, 0);
    successors[s * ACTIONS + RIGHT] = Math.min(s + 1, last);
  }
  const probabilities = new Float64Array(length * ACTIONS).fill(1);
  const rewards = new Float64Array(length * ACTIONS); // [S, A]
  rewards[0 * ACTIONS + LEFT] = Math.fround(1 / 1000);
  rewards[last * ACTIONS + RIGHT] = 1;
  return { type: "mdp", numStates: length, successors, probabilities, rewards, start: onlyState(1, length) };
}
