import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createOracle } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";
import { playTrial } from "./random-play.js";

/** The cells of an instance, from the documented draws. */
function cellsOf(size: number, taskSeed: bigint): { key: number; door: number } {
  const rng = rngFromSeed(taskSeed);
  const key = rng.split("key").integer(size * size);
  const others = Array.from({ length: size * size }, (_, cell) => cell).filter((cell) => cell !== key);
  return { key, door: others[rng.split("door").integer(others.length)] };
}

const center = (size: number): number => Math.floor(size / 2) * (size + 1);

/** Steps from the first cell until `to` is stepped on: breadth first over the cells, by moves worked out here. */
function stepsBetween(size: number, from: number, to: number): number {
  let reached = new Set([from]);
  for (let steps = 1; ; steps++) {
    const next = new Set<number>();
    for (const cell of reached) {
      const [row, column] = [Math.floor(cell / size), cell % size];
      next.add(cell);
      if (row > 0) next.add(cell - size);
      if (row < size - 1) next.add(cell + size);
      if (column > 0) next.add(cell - 1);
      if (column < size - 1) next.add(cell + 1);
    }
    if (next.has(to)) return steps;
    reached = next;
  }
}

test.each([
  [2, 3],
  [3, 4],
  [5, 7],
  [9, 50],
  [9, 12],
  [30, 200],
])("size %d, %d steps: the optimal value is the number of things within reach by the shortest way", (size, horizon) => {
  const task = buildTask("dark-key-to-door", { size, horizon });
  const values = new Set<number>();
  for (let seed = 0n; seed < 60n; seed++) {
    const { key, door } = cellsOf(size, seed);
    const toKey = stepsBetween(size, center(size), key);
    const toDoor = toKey + stepsBetween(size, key, door);
    const expected = toDoor <= horizon ? 2 : toKey <= horizon ? 1 : 0;
    expect(firstValue(task, seed)).toBe(expected);
    values.add(expected);
  }
  expect(values.size).toBeGreaterThan(horizon >= 50 ? 0 : 1);
});

test("the oracle's own play takes the key, then the door, on the shortest way, and the door ends the episode", () => {
  const task = buildTask("dark-key-to-door", { episodes: 3 });
  for (let seed = 0n; seed < 30n; seed++) {
    const { key, door } = cellsOf(9, seed);
    const toKey = stepsBetween(9, center(9), key);
    const length = toKey + stepsBetween(9, key, door);
    const { steps, regret, return: sum } = playTrial(task, seed, 0n, ({ optimalAction }) => optimalAction());
    expect({ regret, sum }).toEqual({ regret: 0, sum: 6 });
    const first = steps.filter(({ episode }) => episode === 0);
    expect(first.length).toBeLessThanOrEqual(50);
    expect(first.length).toBeGreaterThanOrEqual(length);
    expect(first.flatMap(({ reward, nextState }) => (reward === 1 ? [nextState % 81] : []))).toEqual([key, door]);
    expect(first.at(-1)?.reward).toBe(1);
  }
});

test("the observation is the cell and does not tell whether the key is held", () => {
  const task = buildTask("dark-key-to-door", { size: 3, horizon: 200, episodes: 1 });
  expect(task.kinds).toEqual([]);
  expect(task.observationSpace).toEqual({ type: "discrete", n: 9 });
  const { key } = cellsOf(3, 1n);
  const env = task.instantiate(1n, 2n);
  const rng = rngFromSeed(3n);
  let held = false;
  env.reset(0);
  expect(env.observation).toBe(4);
  while (!env.terminated) {
    env.step(rng.integer(5));
    const taken: boolean = !held && env.observation === key;
    if (taken) expect(env.reward).toBe(1);
    held ||= taken;
    expect(env.state).toBe((held ? 9 : 0) + env.observation);
  }
  expect(env.endReason).toBe("goal");
  expect(env.observation).toBe(cellsOf(3, 1n).door);
});

test("the door pays nothing and ends nothing before the key, the key pays once", () => {
  const task = buildTask("dark-key-to-door", { size: 2, horizon: 1000, episodes: 50 });
  for (let seed = 0n; seed < 10n; seed++) {
    const { key, door } = cellsOf(2, seed);
    const rng = rngFromSeed(seed);
    const { steps } = playTrial(task, seed, 0n, () => rng.integer(5));
    for (let episode = 0; episode < 50; episode++) {
      const cells = steps.filter((step) => step.episode === episode).map(({ nextState }) => nextState % 4);
      const rewards = steps.filter((step) => step.episode === episode).map(({ reward }) => reward);
      const atKey = cells.indexOf(key);
      const atDoor = cells.indexOf(door, atKey + 1);
      expect(atDoor).toBe(cells.length - 1);
      expect(rewards).toEqual(cells.map((_, i) => (i === atKey || i === atDoor ? 1 : 0)));
    }
  }
});

test("what the oracle judges depends on the key: before it the way to the key is right, with it the way to the door", () => {
  const task = buildTask("dark-key-to-door");
  const env = task.instantiate(4n, 0n);
  const oracle = createOracle(task, env);
  const { key, door } = cellsOf(9, 4n);
  // By hand: at the key's cell without it (never seen but at the start) staying takes it; at the door with 1 step to go the key is too far.
  oracle.judge(49, key, 0);
  expect([oracle.regret, oracle.optimalAction]).toEqual([0, 0]);
  oracle.judge(49, door, 0);
  expect(oracle.regret).toBe(stepsBetween(9, door, key) === 1 ? 1 : 0);
});

test("key and door are uniform over the pairs of different cells", () => {
  const counts = new Float64Array(16);
  for (let seed = 0n; seed < 12_000n; seed++) {
    const { key, door } = cellsOf(2, seed);
    counts[key * 4 + door] += 1;
  }
  for (let pair = 0; pair < 16; pair++) {
    // 12 pairs of 1,000 expected, each with a standard deviation of 30.
    if (pair % 5 === 0) expect(counts[pair]).toBe(0);
    else expect(Math.abs(counts[pair] - 1000)).toBeLessThan(4.5 * 30.3);
  }
  for (let seed = 0n; seed < 40n; seed++) {
    const { successors, terminal = [] } = mdpTruth(buildTask("dark-key-to-door", { size: 2 }), seed);
    const { key, door } = cellsOf(2, seed);
    expect(successors[key * 5]).toBe(4 + key); // staying on the key takes it
    expect([...terminal].flatMap((is, state) => (is === 1 ? [state] : []))).toEqual([4 + door]);
  }
});

test("keys and doors that are held out are never drawn, the others all are, and never one cell for both", () => {
  const task = buildTask("dark-key-to-door", { size: 3, keys: "0,4", doors: "4-5" });
  const drawn = new Set(Array.from({ length: 200 }, (_, seed) => task.instanceOf?.(BigInt(seed))));
  expect([...drawn].sort()).toEqual(["key=0,door=4", "key=0,door=5", "key=4,door=5"]);
  const all = buildTask("dark-key-to-door", { size: 3 });
  for (let seed = 0n; seed < 50n; seed++) {
    const { key, door } = cellsOf(3, seed);
    expect(all.instanceOf?.(seed)).toBe(`key=${key},door=${door}`);
  }
  expect(() => buildTask("dark-key-to-door", { size: 3, keys: "0,4", doors: "4" })).toThrow(
    'doors is "4", and the key can be there too',
  );
});
