import { expect, test } from "vitest";
import { CHANNEL, keyFromSeed, noiseUniform, rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";
import { playTrial } from "./random-play.js";

const goalOf = (size: number, taskSeed: bigint): number =>
  rngFromSeed(taskSeed)
    .split("goal")
    .integer(size * size);

/** A task seed of each possible goal. */
function seedOfEachGoal(size: number): bigint[] {
  const seeds = new Map<number, bigint>();
  for (let seed = 0n; seeds.size < size * size; seed++) seeds.set(goalOf(size, seed), seed);
  return [...seeds.values()];
}

const distance = (size: number, a: number, b: number): number =>
  Math.abs(Math.floor(a / size) - Math.floor(b / size)) + Math.abs((a % size) - (b % size));

/** By hand: the d-th step is the first that ends on a goal d away, and every later one does; at the start's cell every one. */
const returnOf = (horizon: number, away: number): number => Math.max(horizon - Math.max(away, 1) + 1, 0);

test("actions stay, go up, down, left, right, and walls hold", () => {
  const { successors } = mdpTruth(buildTask("dark-room", { size: 3 }), 0n);
  // By hand: cells 0 1 2 / 3 4 5 / 6 7 8.
  expect([...successors.subarray(0, 5)]).toEqual([0, 0, 3, 0, 1]);
  expect([...successors.subarray(20, 25)]).toEqual([4, 1, 7, 3, 5]);
  expect([...successors.subarray(40, 45)]).toEqual([8, 5, 8, 7, 8]);
});

test("the literature's optimum of 16.5 is the mean value over all goals, 9 x 9 and 20 steps from the centre", () => {
  // By hand: the mean distance from the centre is 2 x 20/9 = 40/9; 21 - 40/9, less 1/81 for the goal that is the start: 16.543.
  const task = buildTask("dark-room");
  const values = seedOfEachGoal(9).map((seed) => firstValue(task, seed));
  expect(values.reduce((sum, value) => sum + value, 0) / 81).toBeCloseTo(21 - 40 / 9 - 1 / 81, 12);
  expect(21 - 40 / 9 - 1 / 81).toBeCloseTo(16.5, 1);
});

test("10 x 10 and 100 steps from the corner: 91.99 over all goals", () => {
  // By hand: the mean distance from a corner is 4.5 + 4.5 = 9; 101 - 9, less 1/100 for the goal in the corner.
  const task = buildTask("dark-room", { size: 10, horizon: 100, start: "corner" });
  const values = seedOfEachGoal(10).map((seed) => firstValue(task, seed));
  expect(values.reduce((sum, value) => sum + value, 0) / 100).toBeCloseTo(91.99, 12);
});

test.each([
  [2, 1],
  [3, 4],
  [6, 5],
  [9, 20],
  [30, 1000],
])("size %d, %d steps: values are those of the distance, for every start", (size, horizon) => {
  for (const [start, from] of [
    ["center", Math.floor(size / 2) * (size + 1)],
    ["corner", 0],
  ] as const) {
    const task = buildTask("dark-room", { size, horizon, start });
    for (let seed = 0n; seed < 8n; seed++) {
      expect(firstValue(task, seed)).toBe(returnOf(horizon, distance(size, from, goalOf(size, seed))));
    }
  }
});

test("random starts are drawn for each episode from the noise at its first step", () => {
  const task = buildTask("dark-room", { size: 4, episodes: 30, start: "random" });
  const { steps, episodeValues } = playTrial(task, 5n, 6n, () => 0);
  const firsts = steps.filter(({ step }) => step === 0).map(({ state }) => state);
  // 1/16 and its sums are exact, so the categorical transform over 16 like cells is floor(16 u).
  const drawn = firsts.map((_, k) => Math.floor(16 * noiseUniform(keyFromSeed(6n), k, 0, CHANNEL.start)));
  expect(firsts).toEqual(drawn);
  expect(new Set(firsts).size).toBeGreaterThan(8);
  expect(episodeValues).toEqual(firsts.map((first) => returnOf(20, distance(4, first, goalOf(4, 5n)))));
});

test("only steps that end on the goal pay, and the episode goes on", () => {
  const task = buildTask("dark-room", { size: 3, episodes: 20 });
  const rng = rngFromSeed(1n);
  const { steps } = playTrial(task, 2n, 3n, () => rng.integer(5));
  for (const { nextState, reward } of steps) expect(reward).toBe(nextState === goalOf(3, 2n) ? 1 : 0);
  expect(steps.length).toBe(400);
});

test("uniform play in a room of two by two pays a quarter of the steps in the long run", () => {
  // By hand: moves and walls are symmetric, so uniform play ends up in every cell alike.
  const task = buildTask("dark-room", { size: 2, horizon: 400, episodes: 1 });
  const regret = runAtOnce(uniformRegret(task, 0n, 0n))[399];
  expect((firstValue(task, 0n) - regret) / 400).toBeCloseTo(0.25, 2);
});

test("goals are uniform over the cells", () => {
  const counts = new Float64Array(9);
  for (let seed = 0n; seed < 9000n; seed++) counts[goalOf(3, seed)] += 1;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(26.1); // 99.9 % quantile of chi-square with 8 degrees of freedom
  for (let seed = 0n; seed < 50n; seed++) {
    const { rewards } = mdpTruth(buildTask("dark-room", { size: 3 }), seed);
    expect(rewards[goalOf(3, seed) * 5]).toBe(1); // staying on the goal
  }
});

test("instances of a task share all but their rewards", () => {
  const task = buildTask("dark-room");
  const [one, two] = [mdpTruth(task, 0n), mdpTruth(task, 1n)];
  expect(one.successors).toBe(two.successors);
  expect(one.probabilities).toBe(two.probabilities);
  expect(one.rewards).not.toEqual(two.rewards);
});

test("goals that are held out are never drawn, and the others all are", () => {
  const task = buildTask("dark-room", { size: 3, goals: "0-2, 7" });
  const drawn = new Set(Array.from({ length: 200 }, (_, seed) => task.instanceOf?.(BigInt(seed))));
  expect([...drawn].sort()).toEqual(["goal=0", "goal=1", "goal=2", "goal=7"]);
  // Where all are named, each seed draws what it draws without the option.
  const all = buildTask("dark-room", { size: 3, goals: "0-8" });
  for (let seed = 0n; seed < 50n; seed++) expect(all.instanceOf?.(seed)).toBe(`goal=${goalOf(3, seed)}`);
});

test.each(["", "9", "3-1", "a", "0,,1", "-1", "0-9"])('goals "%s" of a grid of nine are refused', (goals) => {
  expect(() => buildTask("dark-room", { size: 3, goals })).toThrow(
    `goals is "${goals}": give all, or cells from 0 to 8`,
  );
});
