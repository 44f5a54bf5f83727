import { expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { createOracle, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Truth } from "#icrl/server/tasks/task.js";
import { transitionMatrix } from "../../support/transition-matrix.js";
import { playTrial } from "./random-play.js";

function truthOf(options: Record<string, unknown>): Extract<Truth, { type: "mdp" }> {
  const { truth } = buildTask("river-swim", options).instantiate(0n, 0n);
  if (truth.type !== "mdp") throw new Error("not an MDP");
  return truth;
}

test("three states have the documented chances and rewards", () => {
  const truth = truthOf({ states: 3 });
  // By hand from the definition; rows (0, left), (0, right), (1, left), (1, right), (2, left), (2, right).
  expect([...transitionMatrix(truth)]).toEqual(
    [
      [1, 0, 0],
      [0.4, 0.6, 0],
      [1, 0, 0],
      [0.05, 0.6, 0.35],
      [0, 1, 0],
      [0, 0.4, 0.6],
    ].flat(),
  );
  expect([...truth.rewards]).toEqual([Math.fround(0.005), 0, 0, 0, 0, 1]);
  expect([...truth.start]).toEqual([1, 0, 0]);
});

test.each([2, 3, 6, 100])("with %d states every row of chances sums to 1", (states) => {
  const transitions = transitionMatrix(truthOf({ states }));
  for (let row = 0; row < 2 * states; row++) {
    const sum = transitions.subarray(row * states, (row + 1) * states).reduce((total, p) => total + p, 0);
    expect(sum).toBeCloseTo(1, 15);
  }
});

test("the optimal value is the reference's 3.397", () => {
  const task = buildTask("river-swim"); // S = 6, H = 20
  const env = task.instantiate(0n, 0n);
  const oracle = createOracle(task, env);
  env.reset(0);
  oracle.beginEpisode();
  expect(oracle.episodeValue).toBeCloseTo(3.397, 3);
});

test("uniform play has the reference's regret, 335 after 100 episodes", () => {
  const curve = runAtOnce(uniformRegret(buildTask("river-swim"), 0n, 0n));
  expect(curve.length).toBe(100);
  expect(Math.abs(curve[99] - 335)).toBeLessThan(0.5); // exact here, a mean of 100 replicas there, printed to three digits
  expect(runAtOnce(uniformRegret(buildTask("river-swim", { episodes: 1000 }), 0n, 0n))[999]).toBeCloseTo(
    curve[99] * 10,
    8,
  );
});

test("transitions happen as often as their chances say", () => {
  const task = buildTask("river-swim", { states: 4, episodes: 2000 });
  const transitions = transitionMatrix(truthOf({ states: 4 }));
  const counts = new Float64Array(4 * 2 * 4);
  const visits = new Float64Array(4 * 2);
  const { steps } = playTrial(task, 0n, 5n, ({ step, episode }) => ((step + episode) % 5 === 0 ? 0 : 1));
  for (const { state, action, nextState } of steps) {
    visits[state * 2 + action] += 1;
    counts[(state * 2 + action) * 4 + nextState] += 1;
  }
  for (let pair = 0; pair < 8; pair++) {
    expect(visits[pair]).toBeGreaterThan(100);
    for (let next = 0; next < 4; next++) {
      const p = transitions[pair * 4 + next];
      const error = Math.abs(counts[pair * 4 + next] / visits[pair] - p);
      expect(error).toBeLessThanOrEqual(4.5 * Math.sqrt((p * (1 - p)) / visits[pair]));
    }
  }
});

test("episodes of a trial meet different luck", () => {
  const { steps } = playTrial(buildTask("river-swim", { episodes: 5 }), 0n, 1n, () => 1);
  const paths = [0, 1, 2, 3, 4].map((k) =>
    steps
      .filter(({ episode }) => episode === k)
      .map(({ nextState }) => nextState)
      .join(),
  );
  expect(new Set(paths).size).toBe(5);
});
