import { boolean, choice, integer } from "../../../common/options.js";
import { defineTask } from "../task.js";
import { onlyState } from "./tabular-env.js";
import { tabularParts } from "./tabular-parts.js";

/** The lakes, row by row: a start, frozen cells, holes and a goal. */
const MAPS = {
  "4x4": ["SFFF", "FHFH", "FFFH", "HFFG"],
  "8x8": ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"],
} as const;

/** Row and column changes of left, down, right, up. */
const MOVES = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

const STRAIGHT = 1 / 3;
const ASIDE = (1 - STRAIGHT) / 2;

/**
 * Frozen lake: over the ice to the goal, which pays 1; holes and the goal end the episode.
 *
 * N x N cells, state and observation row N + column, start in (0, 0). Actions 0 .. 3: left, down, right, up; a move
 * off the grid stays. On slippery ice the move goes as meant with 1/3 and to either side of that with 1/3 each: the
 * candidates are, in this order, the moves a - 1, a and a + 1 modulo 4. The step that ends on the goal pays 1, any
 * other 0. Holes, as the goal, end the episode; so does the horizon. The instance has no randomness.
 *
 * Source: Gymnasium 1.4.0, FrozenLake-v1, both maps (4x4, slippery, 100 steps: the defaults; its 8x8 has 200 steps).
 * P, rewards and ends are equal to its tables, entry by entry.
 * Differs: rewards that depend on where the ice leads are called bernoulli, which they are given state and action.
 */
export const frozenLake = defineTask({
  name: "frozen-lake",
  version: 1,
  summary: "Over slippery ice with holes in it to a goal that pays 1.",
  source: "Gymnasium 1.4.0, FrozenLake-v1 (its setting is the default)",
  options: {
    map: choice(["4x4", "8x8"], { default: "4x4", help: "the lake" }),
    slippery: boolean({ default: true, help: "whether moves slip to either side, two times in three" }),
    horizon: integer({ default: 100, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ map, slippery, horizon, episodes }) {
    const cells = MAPS[map].join("");
    const size = MAPS[map].length;
    const ends = (cell: number) => "HG".includes(cells[cell]);
    const moved = (cell: number, move: number) => {
      const [down, right] = MOVES[(move + 4) % 4];
      const row = Math.floor(cell / size) + down;
      const column = (cell % size) + right;
      const isOff = row < 0 || row >= size || column < 0 || column >= size;
      return ends(cell) || isOff ? cell : row * size + column;
    };
    const turns = slippery ? [-1, 0, 1] : [0];
    const chances = slippery ? [ASIDE, STRAIGHT, ASIDE] : [1];
    const pairs = Array.from({ length: 4 * size * size }, (_, pair) => [Math.floor(pair / 4), pair % 4]);
    const successors = Int32Array.from(
      pairs.flatMap(([cell, action]) => turns.map((turn) => moved(cell, action + turn))),
    );
    const paid = Float64Array.from(successors, (next, i) =>
      cells[next] === "G" && !ends(Math.floor(i / 4 / turns.length)) ? 1 : 0,
    );
    const rewards = Float64Array.from(pairs, (_, pair) =>
      turns.reduce((mean, _, b) => mean + chances[b] * paid[pair * turns.length + b], 0),
    );
    const tables = {
      successors,
      probabilities: Float64Array.from(successors, (_, i) => chances[i % turns.length]),
      rewards,
      ...(slippery && { paid }),
      start: onlyState(0, size * size),
      terminal: Uint8Array.from(cells, (_, cell) => (ends(cell) ? 1 : 0)),
    };
    return tabularParts({
      numStates: size * size,
      numActions: 4,
      branches: turns.length,
      horizon,
      episodes,
      reward: { kind: slippery ? "bernoulli" : "deterministic", min: 0, max: 1 },
      drawing: { as: "grid", rows: size, columns: size, signs: { ends: "G", other: "" } },
      actionNames: ["left", "down", "right", "up"],
      instanceOf: () => "",
      draw: () => tables,
    });
  },
});
