import { boolean, integer } from "../../../common/options.js";
import { defineTask } from "../task.js";
import { onlyState } from "./tabular-env.js";
import { tabularParts } from "./tabular-parts.js";

const ROWS = 4;
const COLUMNS = 12;
const START = (ROWS - 1) * COLUMNS;
const GOAL = ROWS * COLUMNS - 1;

/** Row and column changes of up, right, down, left. */
const MOVES = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

const clamp = (x: number, most: number): number => Math.min(Math.max(x, 0), most);

/** Where a move leads from a cell, and what is paid for it: from the cliff's edge back to the start. */
function moved(cell: number, move: number): readonly [next: number, reward: number] {
  const [down, right] = MOVES[(move + 4) % 4];
  const row = clamp(Math.floor(cell / COLUMNS) + down, ROWS - 1);
  const next = row * COLUMNS + clamp((cell % COLUMNS) + right, COLUMNS - 1);
  return next > START && next < GOAL ? [START, -100] : [next, -1];
}

/**
 * Cliff walking: along a cliff to the goal; the shortest way is at its edge.
 *
 * 4 x 12 cells, state and observation row 12 + column; start in (3, 0), goal in (3, 11), the cliff between them.
 * Actions 0 .. 3: up, right, down, left; a move off the grid stays. A step pays -1; one onto the cliff pays -100 and
 * leads to the start, and the episode goes on. The goal ends it, as does the horizon. Slippery, the moves a - 1, a and
 * a + 1 modulo 4 have 1/3 each, in this order. The instance has no randomness.
 *
 * The best return is -13, where the horizon is 13 or more and nothing slips.
 *
 * Source: Sutton & Barto (2018), "Reinforcement Learning", example 6.6; Gymnasium 1.4.0, CliffWalking-v1, whose
 * tables P, rewards and ends are equal to these, entry by entry.
 * Differs: an episode has a horizon (200 by default), neither source does.
 */
export const cliffWalking = defineTask({
  name: "cliff-walking",
  version: 1,
  summary: "Along a cliff to the goal: a step costs 1, a fall 100 and leads back to the start.",
  source: "Sutton & Barto (2018), example 6.6; Gymnasium 1.4.0, CliffWalking-v1",
  options: {
    slippery: boolean({ default: false, help: "whether moves slip to either side, two times in three" }),
    horizon: integer({ default: 200, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ slippery, horizon, episodes }) {
    const numStates = ROWS * COLUMNS;
    const turns = slippery ? [-1, 0, 1] : [0];
    const pairs = Array.from({ length: 4 * numStates }, (_, pair) => [Math.floor(pair / 4), pair % 4]);
    const ways = pairs.flatMap(([cell, action]) => turns.map((turn) => moved(cell, action + turn)));
    const paid = Float64Array.from(ways, ([, reward]) => reward);
    const rewards = Float64Array.from(pairs, (_, pair) =>
      turns.reduce((mean, _, b) => mean + paid[pair * turns.length + b] / turns.length, 0),
    );
    const terminal = new Uint8Array(numStates);
    terminal[GOAL] = 1;
    const tables = {
      successors: Int32Array.from(ways, ([next]) => next),
      probabilities: new Float64Array(ways.length).fill(1 / turns.length),
      rewards,
      ...(slippery && { paid }),
      start: onlyState(START, numStates),
      terminal,
    };
    return tabularParts({
      numStates,
      numActions: 4,
      branches: turns.length,
      horizon,
      episodes,
      reward: { kind: "deterministic", min: -100, max: -1 },
      drawing: { as: "grid", rows: ROWS, columns: COLUMNS, signs: { ends: "G", other: "" } },
      actionNames: ["up", "right", "down", "left"],
      instanceOf: () => "",
      draw: () => tables,
    });
  },
});
