import { IcrlError } from "../../../common/errors.js";
import { integer } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { planBytes } from "../backward-induction.js";
import { defineTask, type Env } from "../task.js";
import { cellsOf, cellsOption } from "./cells.js";
import { centerCell, GRID_ACTION_NAMES, GRID_ACTIONS, gridMoves } from "./grid.js";
import { type MdpTruth, onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

/**
 * Dark key-to-door: a key and then a door are hidden on a grid; each pays 1 once, and the door ends the episode.
 *
 * N x N cells, start in the centre (row and column floor(N / 2)). Actions 0 .. 4: stay, up (row - 1), down, left,
 * right; a move into a wall stays. Without the key, a step that ends on the key's cell pays 1 and takes it; with it,
 * a step that ends on the door's cell pays 1 and ends the episode. Before the key the door is a cell like others. The
 * episode ends after H steps at the latest.
 *
 * The observation is the cell, row N + column, with or without the key: the agent is not told which. The latent
 * state, by which the oracle judges, is (has the key) N^2 + cell; so the task is no "tabular-mdp", and its best play
 * needs memory.
 *
 * From the task seed: the key's cell is the integer floor(u N^2) of the first uniform u of stream "key"; the door's
 * is uniform over the others, floor(u (N^2 - 1)) of the first uniform of stream "door", one more where that is not
 * below the key's. Where `keys` and `doors` name cells, they are drawn from those, in ascending order, in the same way, the door from those
 * that are not the key's. Nothing else is random.
 *
 * Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation", arXiv 2210.14215 (N
 * = 9, H = 50: the defaults).
 * Differs: key and door never share a cell, either can be the start's; the order of the actions is our own; other
 * sizes are additions.
 */
export const darkKeyToDoor = defineTask({
  name: "dark-key-to-door",
  version: 1,
  summary: "A key, then a door are hidden on a grid; each pays 1, and the door ends the episode.",
  source: "Laskin et al. (2022), arXiv 2210.14215 (its setting is the default)",
  options: {
    size: integer({ default: 9, min: 2, max: 30, help: "rows and columns of the grid, N" }),
    horizon: integer({ default: 50, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 40, min: 1, max: 100_000, help: "episodes of a trial, K" }),
    keys: cellsOption("the key"),
    doors: cellsOption("the door"),
  },
  build({ size, horizon, episodes, keys: namedKeys, doors: namedDoors }) {
    const cells = size * size;
    const numStates = 2 * cells;
    const moves = gridMoves(size); // [cells, A]
    // Shared by all instances.
    const probabilities = new Float64Array(numStates * GRID_ACTIONS).fill(1);
    const start = onlyState(centerCell(size), numStates);
    const observations = Int32Array.from({ length: numStates }, (_, state) => state % cells);
    const keys = cellsOf("keys", namedKeys, cells);
    const doors = cellsOf("doors", namedDoors, cells);
    if (doors.length === 1 && keys.includes(doors[0])) {
      const text = `doors is "${namedDoors}", and the key can be there too: give cells that leave a door wherever the key is`;
      throw new IcrlError("OPTION_INVALID", text, { option: "doors" });
    }
    /** Doors beside a key, and which is number `other` of them. */
    const doorsBeside = (key: number): number => (doors.includes(key) ? doors.length - 1 : doors.length);
    const hiddenAt = (key: number, other: number) => {
      const at = doors.indexOf(key); // among the doors; -1 where it is none of them
      return { key, door: doors[at < 0 || other < at ? other : other + 1] };
    };
    const hiddenBy = (taskSeed: bigint) => {
      const rng = rngFromSeed(taskSeed);
      const key = keys[rng.split("key").integer(keys.length)];
      return hiddenAt(key, rng.split("door").integer(doorsBeside(key)));
    };
    const withHidden = ({ key, door }: { readonly key: number; readonly door: number }, noiseSeed: bigint): Env => {
      const successors = new Int32Array(numStates * GRID_ACTIONS); // [S, A]
      const rewards = new Float64Array(numStates * GRID_ACTIONS); // [S, A]
      for (let i = 0; i < moves.length; i++) {
        const cell = moves[i];
        successors[i] = cell === key ? cells + cell : cell;
        rewards[i] = cell === key ? 1 : 0;
        successors[moves.length + i] = cells + cell;
        rewards[moves.length + i] = cell === door ? 1 : 0;
      }
      const terminal = new Uint8Array(numStates);
      terminal[cells + door] = 1;
      const truth: MdpTruth = { type: "mdp", numStates, successors, probabilities, rewards, start, terminal };
      return tabularEnv({ truth, horizon, reward: { kind: "deterministic" }, noiseSeed, observations });
    };
    const perKey = doorsBeside(keys[0]);
    const alike = keys.every((key) => doorsBeside(key) === perKey); // else a key that can be a door makes each of its doors likelier
    // Once every cell can reach the key and from there the door, a step more is worth nothing.
    const rows = Math.min(horizon, 4 * size);
    const pairs = numStates * GRID_ACTIONS;
    return {
      kinds: [],
      numActions: GRID_ACTIONS,
      observationSpace: { type: "discrete", n: cells },
      trialFeaturesShape: [],
      horizon,
      episodes,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "grid", rows: size, columns: size, signs: { ends: "D", other: "K" } },
      actionNames: GRID_ACTION_NAMES,
      cost: tabularCost({
        draws: 10 * pairs,
        pairs,
        candidates: pairs,
        horizon,
        rows,
        bytes: 12 * pairs + planBytes(numStates, rows),
      }),
      instanceOf(taskSeed) {
        const { key, door } = hiddenBy(taskSeed);
        return `key=${key},door=${door}`;
      },
      prior: alike
        ? {
            type: "enumerated",
            count: keys.length * perKey,
            instantiate: (index) => withHidden(hiddenAt(keys[Math.floor(index / perKey)], index % perKey), 0n),
          }
        : undefined,
      instantiate: (taskSeed, noiseSeed) => withHidden(hiddenBy(taskSeed), noiseSeed),
    };
  },
});
