import { integer } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { planBytes } from "../backward-induction.js";
import { defineTask } from "../task.js";
import { type MdpTruth, onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

const ACTIONS = 2;

/**
 * Deep sea: a diver sinks one row a step, and only one of 2^N ways, right at every step, finds the treasure.
 *
 * N x N cells, state row N + column, start in (0, 0); an episode has N steps, each of which descends one row. Left
 * moves one column left (none in column 0) for nothing; right moves one column right (none in column N - 1) for -0.01
 * / N, and pays 1 more in the last column of the last row. Which of the two actions is right differs from cell to
 * cell. All of it is certain. The optimal return is 1 - 0.01 = 0.99.
 *
 * From the task seed: stream "actions" gives one uniform for each cell, in the order of the states; where it is below
 * 1/2, right is action 1, else action 0.
 *
 * Source: Osband et al. (2020), "Behaviour Suite for Reinforcement Learning", arXiv 1908.03568, experiment deep sea;
 * Osband et al. (2019), "Deep Exploration via Randomized Value Functions", arXiv 1703.07608.
 * Differs: the observation is the cell's number, not an N x N picture; after the last step it stays in row N - 1,
 * where bsuite shows nothing; rewards are float32; there is no stochastic version.
 */
export const deepSea = defineTask({
  name: "deep-sea",
  version: 1,
  summary: "Only one of 2^N ways down a grid, right at every step, finds the treasure; each step right costs a little.",
  source: "Osband et al. (2020), bsuite, arXiv 1908.03568",
  options: {
    size: integer({ default: 10, min: 2, max: 50, help: "rows, columns and steps of an episode, N" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ size, episodes }) {
    const numStates = size * size;
    const min = Math.fround(-0.01 / size);
    const max = Math.fround(1 - 0.01 / size);
    const treasure = numStates - 1; // the last column of the last row
    // Shared by all instances.
    const probabilities = new Float64Array(numStates * ACTIONS).fill(1);
    const start = onlyState(0, numStates);
    return {
      kinds: ["tabular-mdp"],
      numActions: ACTIONS,
      observationSpace: { type: "discrete", n: numStates },
      trialFeaturesShape: [],
      horizon: size,
      episodes,
      reward: { kind: "deterministic", min, max },
      drawing: { as: "grid", rows: size, columns: size },
      cost: tabularCost({
        draws: 60 * numStates,
        pairs: numStates * ACTIONS,
        candidates: numStates * ACTIONS,
        horizon: size,
        rows: size,
        bytes: 12 * numStates * ACTIONS + planBytes(numStates, size),
      }),
      // 2^(N^2) of them: as good as endless, but on the smallest grids.
      ...(size <= 4 && { instanceOf: (taskSeed: bigint) => `right=${rightActions(taskSeed, numStates).join("")}` }),
      instantiate(taskSeed, noiseSeed) {
        const rightOf = rightActions(taskSeed, numStates);
        const successors = new Int32Array(numStates * ACTIONS); // [S, A]
        const rewards = new Float64Array(numStates * ACTIONS); // [S, A]
        for (let state = 0; state < numStates; state++) {
          const right = rightOf[state];
          const row = Math.floor(state / size);
          const column = state % size;
          const below = Math.min(row + 1, size - 1) * size;
          successors[state * ACTIONS + 1 - right] = below + Math.max(column - 1, 0);
          successors[state * ACTIONS + right] = below + Math.min(column + 1, size - 1);
          rewards[state * ACTIONS + right] = state === treasure ? max : min;
        }
        const truth: MdpTruth = { type: "mdp", numStates, successors, probabilities, rewards, start };
        return tabularEnv({ truth, horizon: size, reward: { kind: "deterministic" }, noiseSeed });
      },
    };
  },
});

/** The action that is right, of each state. */
function rightActions(taskSeed: bigint, numStates: number): number[] {
  const rng = rngFromSeed(taskSeed).split("actions");
  return Array.from({ length: numStates }, () => (rng.uniform() < 0.5 ? 1 : 0));
}
