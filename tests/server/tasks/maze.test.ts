import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { firstValue, mdpTruth } from "./mdp-values.js";

test("a maze is a tree: every cell is reached, by one way, and every way leads back", () => {
  const size = 6;
  const task = buildTask("maze", { size, horizon: 200 });
  const shapes = new Set<string>();
  for (let seed = 0n; seed < 50n; seed++) {
    const { successors } = mdpTruth(task, seed);
    shapes.add(successors.join());
    const passages = [...successors].filter((next, i) => next !== Math.floor(i / 4)).length;
    expect(passages).toBe(2 * (size * size - 1)); // a tree on N^2 cells has N^2 - 1 edges, each in both directions
    for (const [i, next] of successors.entries()) {
      if (next !== Math.floor(i / 4)) expect(successors[4 * next + ((i % 4) ^ 1)]).toBe(Math.floor(i / 4));
    }
    expect(firstValue(task, seed)).toBe(1); // the goal is reached, so all is connected
  }
  expect(shapes.size).toBe(50);
});

test("a random goal is any cell but the start", () => {
  const task = buildTask("maze", { size: 2, goal: "random" });
  const goals = new Set<number>();
  for (let seed = 0n; seed < 60n; seed++) goals.add((mdpTruth(task, seed).terminal as Uint8Array).indexOf(1));
  expect([...goals].sort()).toEqual([1, 2, 3]);
});
