import { expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { drawBehaviour, drawBehaviours } from "#icrl/server/collections/draw-behaviour.js";
import type { CheckedCollection } from "#icrl/server/collections/spec.js";

const mixture = (...weights: number[]): CheckedCollection => ({
  id: "an id that does not count",
  name: "a name that does not count",
  seed: 7n,
  tasks: [],
  behaviours: weights.map((weight, i) => ({ name: `b${i}`, agent: "uniform", options: {}, weight })),
});

/** Who plays the first trials of a task. */
const drawn = (spec: CheckedCollection, trials: number, taskId = "swim") =>
  Array.from({ length: trials }, (_, trial) => drawBehaviour(spec, taskId, trial));

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

test("all trials of a collection are drawn at once, in slices where there are many", () => {
  const tasks = ["swim", "arms"].map((id) => ({ id, trials: 400 })) as unknown as CheckedCollection["tasks"];
  const many = { ...mixture(1, 2), tasks };
  const slices = drawBehaviours(many);
  expect(slices.next().done).toBe(false);
  const drawn = runAtOnce(drawBehaviours(many));
  for (const [t, { id }] of many.tasks.entries()) {
    const expected = many.behaviours.map((_, k) =>
      Array.from({ length: 400 }, (_, trial) => trial).filter((trial) => drawBehaviour(many, id, trial) === k),
    );
    expect(drawn[t]).toEqual(expected);
  }
});
