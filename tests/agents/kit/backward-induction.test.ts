import { expect, it } from "vitest";
import { backwardInduction } from "#icrl/agents/kit/backward-induction.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { transitionMatrix } from "../../support/transition-matrix.js";

it("solves two states over two stages as by hand", () => {
  // Action 0 stays and pays 1 in state 0; action 1 moves to the other state and pays 3 from state 1.
  const q = new Float64Array(8);
  const values = new Float64Array(2);
  const backup = (_h: number, s: number, a: number, next: Float64Array) =>
    a === 0 ? (s === 0 ? 1 : 0) + next[s] : (s === 1 ? 3 : 0) + next[1 - s];
  backwardInduction(2, 2, backup, q, values, new Float64Array(2));
  // by hand: last stage Q = [1, 0 | 0, 3], V = [1, 3]; first stage Q = [2, 3 | 3, 4], V = [3, 4]
  expect([...q]).toEqual([2, 3, 3, 4, 1, 0, 0, 3]);
  expect([...values]).toEqual([3, 4]);
});

it("begins from the values that stand after the last stage", () => {
  const values = Float64Array.of(10, 20);
  const q = new Float64Array(2);
  backwardInduction(1, 1, (_h, s, _a, next) => next[1 - s], q, values, new Float64Array(2));
  expect([...values]).toEqual([20, 10]);
});

it("finds RiverSwim's optimal value", () => {
  const { truth } = buildTask("river-swim", { states: 6, horizon: 20 }).instantiate(1n, 1n);
  if (truth.type !== "mdp") throw new Error("river-swim is an MDP");
  const transitions = transitionMatrix(truth);
  const values = new Float64Array(6);
  const backup = (_h: number, s: number, a: number, next: Float64Array) => {
    let sum = truth.rewards[s * 2 + a];
    for (let s2 = 0; s2 < 6; s2++) sum += transitions[(s * 2 + a) * 6 + s2] * next[s2];
    return sum;
  };
  backwardInduction(2, 20, backup, new Float64Array(240), values, new Float64Array(6));
  expect(values[0]).toBeCloseTo(3.397, 3); // an independent simulation's V*, given to three digits
});
