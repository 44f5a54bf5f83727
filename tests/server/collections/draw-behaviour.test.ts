import { expect, test } from "vitest";
import { behaviourDraw, sharedOut } from "#icrl/server/collections/draw-behaviour.js";
import type { CheckedCollection } from "#icrl/server/collections/spec.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

const mixture = (...weights: number[]): CheckedCollection => ({
  id: "an id that does not count",
  name: "a name that does not count",
  seed: 7n,
  tasks: [],
  behaviours: weights.map((weight, i) => ({ name: `b${i}`, agent: "uniform", options: {}, weight })),
});

/** Who plays the first trials of a task. */
const drawn = (spec: CheckedCollection, trials: number, taskId = "swim") =>
  Array.from({ length: trials }, (_, trial) => behaviourDraw(spec)(taskId, trial));

test("trials are shared out by the weights, whatever they sum to", () => {
  const trials = 4000;
  for (const [weights, shares] of [
    [
      [1, 1],
      [0.5, 0.5],
    ],
    [
      [20, 60, 20],
      [0.2, 0.6, 0.2],
    ],
    [
      [0.003, 0.001],
      [0.75, 0.25],
    ],
  ]) {
    const counts = weights.map((_, k) => drawn(mixture(...weights), trials).filter((choice) => choice === k).length);
    for (const [k, share] of shares.entries()) {
      const deviation = Math.abs(counts[k] / trials - share) / Math.sqrt((share * (1 - share)) / trials);
      expect(deviation, `behaviour ${k} of ${weights}: ${counts}`).toBeLessThan(4);
    }
  }
});

test("who plays a trial is known for good: recorded here by seed, task and index", () => {
  expect(drawn(mixture(1, 1, 2), 24).join("")).toBe("112200022222112012221010");
});

test("it depends on nothing but the collection's seed, the task's id, the trial and the weights", () => {
  const spec = mixture(1, 2);
  const usual = drawn(spec, 100);
  expect(drawn({ ...spec, id: "another", name: "another" }, 100)).toEqual(usual);
  const renamed = spec.behaviours.map((behaviour) => ({ ...behaviour, name: "x", agent: "emp", options: { a: 1 } }));
  expect(drawn({ ...spec, behaviours: renamed }, 100)).toEqual(usual);
  expect(drawn(mixture(10, 20), 100)).toEqual(usual);
  expect(drawn({ ...spec, seed: 8n }, 100)).not.toEqual(usual);
  expect(drawn(spec, 100, "room")).not.toEqual(usual);
  expect(drawn(spec, 200).slice(0, 100)).toEqual(usual); // made longer, it keeps what it has
});

test("one behaviour plays everything", () => {
  expect(drawn(mixture(0.1), 20)).toEqual(new Array(20).fill(0));
});

test("a schedule has each trial once, with whoever is drawn for it, and is made in slices", () => {
  const task = buildTask("bernoulli-bandit");
  const spec = {
    ...mixture(1, 1, 2),
    tasks: [24, 5000].map((trials, i) => ({ id: i === 0 ? "swim" : "room", task, options: {}, trials })),
  };
  const slices = sharedOut(spec, new Map([["swim", new Set([2, 3, 99])]]));
  let pauses = 0;
  let slice = slices.next();
  for (; !slice.done; slice = slices.next()) pauses += 1;
  expect(pauses).toBeGreaterThan(2); // some thousand draws between two
  const [swim, room] = slice.value;
  const recorded = [..."112200022222112012221010"]; // as above
  const trialsOf = (k: number) => recorded.flatMap((player, trial) => (player === String(k) ? [trial] : []));
  expect(swim.map(({ trials }) => trials)).toEqual([0, 1, 2].map((k) => trialsOf(k).length));
  // What a log holds of it is no longer waiting.
  const left = [0, 1, 2].map((k) => trialsOf(k).filter((trial) => trial !== 2 && trial !== 3));
  expect(swim.map(({ waiting }) => [...waiting])).toEqual(left);
  const players = drawn(spec, 5000, "room");
  for (const [k, { waiting }] of room.entries()) expect(waiting.every((trial) => players[trial] === k)).toBe(true);
  expect(room.flatMap(({ waiting }) => [...waiting]).sort((a, b) => a - b)).toEqual([...Array(5000).keys()]);
});
