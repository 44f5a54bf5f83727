import { integer } from "../../../common/options.js";
import { defineTask } from "../task.js";
import { tabularParts } from "./tabular-parts.js";

const SIZE = 5;
/** Where passengers wait and want to go, [row, column]: R, G, Y, B. */
const STANDS = [
  [0, 0],
  [0, 4],
  [4, 0],
  [4, 3],
] as const;
/** Place of a passenger in the taxi. */
const ABOARD = STANDS.length;
/** Walls: [row, column] of the cells whose eastern side is one. */
const WALLS = [
  [0, 1],
  [1, 1],
  [3, 0],
  [4, 0],
  [3, 2],
  [4, 2],
] as const;

const [SOUTH, NORTH, EAST, WEST, PICK_UP] = [0, 1, 2, 3, 4];

const hasWall = (row: number, column: number): boolean => WALLS.some(([r, c]) => r === row && c === column);

/** A state taken apart. */
interface Ride {
  readonly row: number;
  readonly column: number;
  /** Where the passenger is: a stand, or aboard. */
  readonly place: number;
  readonly destination: number;
}

const encode = ({ row, column, place, destination }: Ride): number =>
  ((row * SIZE + column) * (ABOARD + 1) + place) * STANDS.length + destination;

function decode(state: number): Ride {
  const cell = Math.floor(state / STANDS.length / (ABOARD + 1));
  const place = Math.floor(state / STANDS.length) % (ABOARD + 1);
  return { row: Math.floor(cell / SIZE), column: cell % SIZE, place, destination: state % STANDS.length };
}

/** What comes of an action, and what it pays. */
function driven(ride: Ride, action: number): readonly [next: Ride, reward: number] {
  const { row, column, place, destination } = ride;
  if (action === SOUTH) return [{ ...ride, row: Math.min(row + 1, SIZE - 1) }, -1];
  if (action === NORTH) return [{ ...ride, row: Math.max(row - 1, 0) }, -1];
  if (action === EAST) return [hasWall(row, column) ? ride : { ...ride, column: Math.min(column + 1, SIZE - 1) }, -1];
  if (action === WEST) return [hasWall(row, column - 1) ? ride : { ...ride, column: Math.max(column - 1, 0) }, -1];
  const stand = STANDS.findIndex(([r, c]) => r === row && c === column);
  if (action === PICK_UP) return stand >= 0 && stand === place ? [{ ...ride, place: ABOARD }, -1] : [ride, -10];
  if (place !== ABOARD || stand < 0) return [ride, -10];
  return [{ ...ride, place: stand }, stand === destination ? 20 : -1];
}

/**
 * Taxi: fetch a passenger from one of four stands and take them to another.
 *
 * 5 x 5 cells with walls; the state is ((row 5 + column) 5 + place of the passenger) 4 + destination, places 0 .. 3 the
 * stands R, G, Y, B in (0, 0), (0, 4), (4, 0), (4, 3), 4 the taxi: 500 states, all shown. Actions 0 .. 5: south, north,
 * east, west, pick up, drop off. A step pays -1; picking up where nobody waits, and dropping off nobody or where no
 * stand is, pay -10; dropping off at the destination pays 20 and ends the episode, as does the horizon. All of it is
 * certain but the start, drawn for each episode from the noise at (episode, 0, channel start): any cell, stand and
 * other destination, the 300 states alike. The instance has no randomness.
 *
 * Source: Dietterich (2000), "Hierarchical Reinforcement Learning with the MAXQ Value Function Decomposition";
 * Gymnasium 1.4.0, Taxi-v4 (200 steps: the default), whose tables P, rewards, ends and start are equal to these, entry
 * by entry.
 * Differs: neither rain nor fickle passengers.
 */
export const taxi = defineTask({
  name: "taxi",
  version: 1,
  summary: "A taxi fetches a passenger from one of four stands and takes them to another, past walls.",
  source: "Dietterich (2000); Gymnasium 1.4.0, Taxi-v4 (its setting is the default)",
  options: {
    horizon: integer({ default: 200, min: 1, max: 1000, help: "most steps of an episode, H" }),
    episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ horizon, episodes }) {
    const numActions = 6;
    const numStates = SIZE * SIZE * (ABOARD + 1) * STANDS.length;
    const rides = Array.from({ length: numStates }, (_, state) => decode(state));
    const ways = rides.flatMap((ride) => Array.from({ length: numActions }, (_, action) => driven(ride, action)));
    const arrived = ({ place, destination }: Ride) => place === destination;
    const begins = rides.map((ride) => ride.place !== ABOARD && !arrived(ride));
    const begun = begins.filter((is) => is).length;
    const tables = {
      successors: Int32Array.from(ways, ([next]) => encode(next)),
      probabilities: new Float64Array(ways.length).fill(1),
      rewards: Float64Array.from(ways, ([, reward]) => reward),
      start: Float64Array.from(begins, (is) => (is ? 1 / begun : 0)),
      terminal: Uint8Array.from(rides, (ride) => (arrived(ride) ? 1 : 0)),
    };
    return tabularParts({
      numStates,
      numActions,
      branches: 1,
      horizon,
      episodes,
      reward: { kind: "deterministic", min: -10, max: 20 },
      actionNames: ["south", "north", "east", "west", "pick up", "drop off"],
      instanceOf: () => "",
      draw: () => tables,
    });
  },
});
