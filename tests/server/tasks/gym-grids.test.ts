/** Frozen lake, cliff walking and taxi by hand; tests/python/gymnasium-tables.full.test.ts holds all their tables to Gymnasium's. */
import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";
import { playTrial } from "./random-play.js";

test("on ice that does not slip the goal is six steps away, and pays 1", () => {
  // By hand: down, down, right, down, right, right round the holes of the 4x4 map.
  const way = [1, 1, 2, 1, 2, 2];
  const task = buildTask("frozen-lake", { slippery: false, episodes: 1 });
  const { steps, return: sum, regret } = playTrial(task, 0n, 0n, ({ step }) => way[step]);
  expect({ sum, regret, steps: steps.length }).toEqual({ sum: 1, regret: 0, steps: 6 });
  expect(firstValue(buildTask("frozen-lake", { slippery: false, horizon: 5 }), 0n)).toBe(0);
});

test("slippery ice pays where it leads to the goal, one time in three from beside it", () => {
  const { rewards, successors, paid = new Float64Array(), terminal } = mdpTruth(buildTask("frozen-lake"), 0n);
  // By hand: right in cell 14 slips down (stays), right (the goal, 15) or up (10).
  expect([...successors.subarray((14 * 4 + 2) * 3, (14 * 4 + 3) * 3)]).toEqual([14, 15, 10]);
  expect([...paid.subarray((14 * 4 + 2) * 3, (14 * 4 + 3) * 3)]).toEqual([0, 1, 0]);
  expect(rewards[14 * 4 + 2]).toBeCloseTo(1 / 3, 12);
  expect([...(terminal ?? [])].flatMap((is, cell) => (is === 1 ? [cell] : []))).toEqual([5, 7, 11, 12, 15]);
});

test("the best walk along the cliff takes 13 steps; one onto it costs 100 and leads back", () => {
  expect(firstValue(buildTask("cliff-walking"), 0n)).toBe(-13); // Sutton & Barto (2018), example 6.6: the optimal path
  const { steps, return: sum } = playTrial(buildTask("cliff-walking", { horizon: 2, episodes: 1 }), 0n, 0n, () => 1);
  expect({ sum, steps: steps.length }).toEqual({ sum: -200, steps: 2 });
  const slippery = mdpTruth(buildTask("cliff-walking", { slippery: true }), 0n);
  // By hand: up in the start goes left (stays), up, or right over the cliff.
  expect([...(slippery.paid as Float64Array).subarray(36 * 4 * 3, 36 * 4 * 3 + 3)]).toEqual([-1, -1, -100]);
  expect(slippery.rewards[36 * 4]).toBeCloseTo(-34, 12);
});

test("a taxi's ride: states, walls, wrong calls, and 20 for the passenger who has arrived", () => {
  const { successors, rewards, start, terminal } = mdpTruth(buildTask("taxi"), 0n);
  const state = (row: number, column: number, place: number, destination: number) =>
    ((row * 5 + column) * 5 + place) * 4 + destination;
  const step = (s: number, a: number) => [successors[s * 6 + a], rewards[s * 6 + a]];
  expect(step(state(0, 1, 0, 1), 2)).toEqual([state(0, 1, 0, 1), -1]); // a wall in the east
  expect(step(state(0, 0, 0, 1), 4)).toEqual([state(0, 0, 4, 1), -1]);
  expect(step(state(0, 1, 0, 1), 4)).toEqual([state(0, 1, 0, 1), -10]);
  expect(step(state(4, 0, 4, 1), 5)).toEqual([state(4, 0, 2, 1), -1]); // another stand
  expect(step(state(0, 4, 4, 1), 5)).toEqual([state(0, 4, 1, 1), 20]);
  expect(step(state(2, 2, 4, 1), 5)).toEqual([state(2, 2, 4, 1), -10]);
  expect(start.filter((p) => p > 0)).toEqual(new Float64Array(300).fill(1 / 300));
  expect((terminal ?? new Uint8Array()).reduce((sum, is) => sum + is, 0)).toBe(100);
});
