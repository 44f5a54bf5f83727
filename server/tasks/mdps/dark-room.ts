import { choice, integer } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { planBytes } from "../backward-induction.js";
import { defineTask, type Env } from "../task.js";
import { cellsOf, cellsOption } from "./cells.js";
import { centerCell, GRID_ACTION_NAMES, GRID_ACTIONS, gridMoves } from "./grid.js";
import { type MdpTruth, onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

const STARTS = ["center", "corner", "random"] as const;

/**
 * Dark room: a goal is hidden on a grid, and every step that ends on it pays 1.
 *
 * N x N cells; state and observation are row N + column. Actions 0 .. 4: stay, up (row - 1), down, left, right; a
 * move into a wall stays. A step pays 1 if it ends on the goal's cell, else 0; the episode goes on to its horizon.
 * The start is the centre (row and column floor(N / 2)), the corner (0, 0), or random.
 *
 * The goal is uniform over all N^2 cells, or over those of `goals`, in ascending order: the integer floor(u n) of the first uniform u of the task
 * seed's stream "goal", among n of them. A random start is drawn for each episode: the categorical transform of the noise at (episode, 0, channel
 * start) over the cells, all alike.
 *
 * Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation", arXiv 2210.14215 (N
 * = 9, H = 20, centre: the defaults); Lee et al. (2023), arXiv 2306.14892 (N = 10, H = 100, corner).
 * Differs: neither says whether the goal can be the start's cell, here it can; the order of the actions is our own;
 * other sizes, random starts and goals that are held out are additions.
 */
export const darkRoom = defineTask({
  name: "dark-room",
  version: 1,
  summary: "A goal is hidden on a grid; every step that ends on it pays 1.",
  source: "Laskin et al. (2022), arXiv 2210.14215 (its setting is the default); Lee et al. (2023), arXiv 2306.14892",
  options: {
    size: integer({ default: 9, min: 2, max: 30, help: "rows and columns of the grid, N" }),
    horizon: integer({ default: 20, min: 1, max: 1000, help: "steps of an episode, H" }),
    episodes: integer({ default: 40, min: 1, max: 100_000, help: "episodes of a trial, K" }),
    start: choice(STARTS, {
      default: "center",
      help: "first cell of an episode: the centre, the corner (0, 0), or drawn anew for each episode",
    }),
    goals: cellsOption("the goal"),
  },
  build({ size, horizon, episodes, start: startLaw, goals: named }) {
    const numStates = size * size;
    const successors = gridMoves(size); // shared by all instances, as is all but the rewards
    const probabilities = new Float64Array(successors.length).fill(1);
    const start =
      startLaw === "random"
        ? new Float64Array(numStates).fill(1 / numStates)
        : onlyState(startLaw === "center" ? centerCell(size) : 0, numStates);
    const goals = cellsOf("goals", named, numStates);
    const goalOf = (taskSeed: bigint): number => goals[rngFromSeed(taskSeed).split("goal").integer(goals.length)];
    const withGoal = (goal: number, noiseSeed: bigint): Env => {
      const rewards = new Float64Array(successors.length); // [S, A]
      for (let pair = 0; pair < rewards.length; pair++) rewards[pair] = successors[pair] === goal ? 1 : 0;
      const truth: MdpTruth = { type: "mdp", numStates, successors, probabilities, rewards, start };
      return tabularEnv({ truth, horizon, reward: { kind: "deterministic" }, noiseSeed });
    };
    // Once every cell can reach the goal, a step more is worth the same in all of them.
    const rows = Math.min(horizon, 2 * size);
    return {
      kinds: ["tabular-mdp"],
      numActions: GRID_ACTIONS,
      observationSpace: { type: "discrete", n: numStates },
      trialFeaturesShape: [],
      horizon,
      episodes,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "grid", rows: size, columns: size },
      actionNames: GRID_ACTION_NAMES,
      cost: tabularCost({
        draws: 10 * successors.length,
        pairs: successors.length,
        candidates: successors.length,
        horizon,
        rows,
        bytes: 8 * successors.length + planBytes(numStates, rows),
      }),
      instanceOf: (taskSeed) => `goal=${goalOf(taskSeed)}`,
      prior: { type: "enumerated", count: goals.length, instantiate: (index) => withGoal(goals[index], 0n) },
      instantiate: (taskSeed, noiseSeed) => withGoal(goalOf(taskSeed), noiseSeed),
    };
  },
});
