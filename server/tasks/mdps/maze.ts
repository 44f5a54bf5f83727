import { choice, integer } from "../../../common/options.js";
import { type Rng, rngFromSeed } from "../../../common/rng.js";
import { defineTask } from "../task.js";
import { onlyState } from "./tabular-env.js";
import { tabularParts } from "./tabular-parts.js";

const GOALS = ["corner", "random"] as const;

/** Row and column changes of up, down, left, right. */
const MOVES = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
] as const;

/**
 * Maze: find the way through walls that are not shown; the goal pays 1 and ends the episode.
 *
 * N x N cells, state and observation row N + column, start in (0, 0). Actions 0 .. 3: up, down, left, right; a move
 * into a wall, or off the grid, stays. Between any two cells there is one way. The goal is the corner (N - 1, N - 1), or
 * any cell but the start. The episode ends there, or after H steps. All moves are certain.
 *
 * From the task seed: stream "walls" digs the maze, from (0, 0). Of the neighbours of the cell where the digger stands
 * that were not reached yet, in the actions' order, the one at the integer floor(u n) of the next uniform u is dug to,
 * also where n is 1; where there is none, the digger goes back the way it came. A random goal is 1 plus the integer
 * floor(u (N^2 - 1)) of the first uniform u of stream "goal".
 *
 * Source: the depth-first search of Tarjan (1972), "Depth-First Search and Linear Graph Algorithms", in random order: what is
 * widely called a recursive backtracker. The setting is our own.
 */
export const maze = defineTask({
  name: "maze",
  version: 1,
  summary: "A maze with walls that are not shown: the goal pays 1 and ends the episode.",
  source: "depth-first search in random order; the setting is our own",
  options: {
    size: integer({ default: 5, min: 2, max: 20, help: "rows and columns of the grid, N" }),
    goal: choice(GOALS, { default: "corner", help: "the corner opposite to the start, or drawn with the maze" }),
    horizon: integer({ default: 50, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 20, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ size, goal: goalLaw, horizon, episodes }) {
    const numStates = size * size;
    const probabilities = new Float64Array(4 * numStates).fill(1);
    const start = onlyState(0, numStates);
    const goalOf = (rng: Rng) => (goalLaw === "corner" ? numStates - 1 : 1 + rng.split("goal").integer(numStates - 1));
    return tabularParts({
      numStates,
      numActions: 4,
      branches: 1,
      horizon,
      episodes,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "grid", rows: size, columns: size, signs: { ends: "G", other: "" } },
      actionNames: ["up", "down", "left", "right"],
      draws: 200 * numStates,
      // 100,352 mazes of 4 x 4 cells, half a billion of 5 x 5: as good as endless.
      ...(size <= 4 && {
        instanceOf(taskSeed: bigint) {
          const rng = rngFromSeed(taskSeed);
          const ways = dug(size, rng.split("walls")).map((next, i) => (next === Math.floor(i / 4) ? 0 : 1));
          return `ways=${ways.join("")},goal=${goalOf(rng)}`;
        },
      }),
      draw(rng) {
        const goal = goalOf(rng);
        const successors = dug(size, rng.split("walls"));
        const rewards = Float64Array.from(successors, (next, i) =>
          next === goal && Math.floor(i / 4) !== goal ? 1 : 0,
        );
        const terminal = new Uint8Array(numStates);
        terminal[goal] = 1;
        return { successors, probabilities, rewards, start, terminal };
      },
    });
  },
});

/** The cell that each action leads to, [N^2, 4]. */
function dug(size: number, rng: Rng): Int32Array {
  const numStates = size * size;
  const successors = Int32Array.from({ length: 4 * numStates }, (_, i) => Math.floor(i / 4)); // walls all around
  const reached = new Uint8Array(numStates);
  reached[0] = 1;
  const way = [0];
  while (way.length > 0) {
    const cell = way[way.length - 1];
    const open = [0, 1, 2, 3].filter((action) => reached[neighbour(cell, action, size)] === 0);
    if (open.length === 0) {
      way.pop();
      continue;
    }
    const action = open[rng.integer(open.length)];
    const next = neighbour(cell, action, size);
    successors[4 * cell + action] = next;
    successors[4 * next + (action ^ 1)] = cell; // up and down, left and right are the other's way back
    reached[next] = 1;
    way.push(next);
  }
  return successors;
}

/** The cell next to one; itself where there is none. */
function neighbour(cell: number, action: number, size: number): number {
  const row = Math.floor(cell / size) + MOVES[action][0];
  const column = (cell % size) + MOVES[action][1];
  return row < 0 || row >= size || column < 0 || column >= size ? cell : row * size + column;
}
