import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  decisionsIn,
  decisionsOf,
  encodeTrial,
  TRIAL_COLUMNS,
  type TrialRows,
  writeArms,
} from "#icrl/agents/transformer/encode-trial.js";
import { taskShape, tokenConfigOf } from "#icrl/agents/transformer/token-config.js";
import {
  LAYOUTS,
  type TokenConfig,
  tokenSize,
  tokensPerStep,
  writeOutcome,
  writeSituation,
} from "#icrl/agents/transformer/token-layout.js";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import type { Lists } from "#icrl/datasets/log/batch-columns.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { makeDataset } from "../../support/dataset.js";
import { copyForTest, expertThat } from "../../support/labels.js";
import { serverForTest } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const SPEC: CollectionSpec = {
  name: "tokens",
  seed: 5n,
  tasks: [
    { id: "fixed", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 7 }, trials: 6 },
    { id: "fresh", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 5, arm_set: "fresh" }, trials: 6 },
    { id: "bernoulli", task: "bernoulli-bandit", options: { arms: 5, horizon: 9 }, trials: 6 },
    // two by two cells: the door is often reached before the horizon
    { id: "door", task: "dark-key-to-door", options: { size: 2, horizon: 12, episodes: 4 }, trials: 12 },
  ],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};

const temporary = tempDir();
const dir = join(temporary.path, "set");
beforeAll(() => makeDataset(dir, SPEC, { labels: [] }));
afterAll(() => temporary.remove());

/** Layout chosen-arm is for the tasks whose arms have features. */
const takes = (layout: TokenConfig["layout"], dim: number) => layout !== "chosen-arm" || dim > 0;
const tokensOf = (layout: TokenConfig["layout"]): TokenConfig => {
  const tasks = readDatasetManifest(dir).tasks.filter((task) => takes(layout, taskShape(task).dim));
  return tokenConfigOf(tasks, layout, { mean: 0.25, std: 1.5 });
};

/** Every trial of the dataset, by its task's id. */
async function trials(): Promise<{ readonly id: string; readonly trial: TrialRows }[]> {
  const shapes = new Map(readDatasetManifest(dir).tasks.map((task) => [task.id, taskShape(task)]));
  const found: { id: string; trial: TrialRows }[] = [];
  const columns = [...TRIAL_COLUMNS, "task_id"] as const;
  for await (const batch of readDataset(dir, { columns, unit: "trial", batchUnits: 7 })) {
    for (let i = 0; i + 1 < batch.units.length; i += 1) {
      const id = batch.columns.task_id[batch.units[i]] as string;
      const shape = shapes.get(id);
      if (shape === undefined) throw new RangeError(`a trial of ${id}`);
      found.push({ id, trial: { columns: batch.columns, from: batch.units[i], to: batch.units[i + 1], shape } });
    }
  }
  return found;
}

/** All of a trial's tokens. */
function whole(config: TokenConfig, trial: TrialRows): Float32Array {
  const length = decisionsOf(trial) * tokensPerStep(config);
  const tokens = new Float32Array(length * tokenSize(config));
  expect(encodeTrial(tokens, 0, config, trial, { first: 0, length })).toBe(decisionsOf(trial));
  return tokens;
}

test.each(LAYOUTS)(
  "tokens of logged trials are bit for bit what an agent is shown that plays them over the wire (%s)",
  async (layout) => {
    const config = tokensOf(layout);
    const shown: Float32Array[][] = [];
    const listener = expertThat("listener", ({ dim }) => {
      if (!takes(layout, dim)) return { act: () => 0 };
      const tokens: Float32Array[] = [];
      shown.push(tokens);
      let next = new Float32Array(tokenSize(config)); // written as soon as there is something: what is shown is not kept
      return {
        propensity: 1,
        act({ arms, state, step }) {
          writeSituation(next, 0, config, { arms: arms?.data, state, step });
          tokens.push(next);
          return 0;
        },
        observe({ arms, ...told }) {
          next = new Float32Array(tokenSize(config));
          writeOutcome(next, 0, config, { ...told, arms: arms?.data });
          if (layout !== "lin2023") return;
          tokens.push(next);
          next = new Float32Array(tokenSize(config));
        },
      };
    });
    const server = await serverForTest({}, copyForTest(dir)); // replays the trials, tells what was done
    await labelDataset(server.connection, listener, { numEnvs: 8, streams: 1 });
    const hex = (tokens: Float32Array) => Buffer.from(tokens.buffer).toString("hex");
    const encoded = (await trials())
      .filter(({ trial }) => takes(layout, trial.shape.dim))
      .map(({ trial }) => hex(whole(config, trial)));
    expect(encoded.length).toBe(layout === "chosen-arm" ? 12 : 30);
    const played = shown.map((tokens) => hex(Float32Array.from(tokens.flatMap((token) => [...token]))));
    expect(encoded.toSorted()).toEqual(played.toSorted());
  },
);

test("the trials of this file have what can go wrong: early ends, fresh arms, tasks of different sizes", async () => {
  const all = await trials();
  const lengths = all
    .filter(({ id }) => id === "door")
    .flatMap(({ trial: { columns, from, to } }) =>
      Array.from(
        { length: to - from },
        (_, i) => columns.actions.offsets[from + i + 1] - columns.actions.offsets[from + i],
      ),
    );
  expect(lengths.length).toBe(48);
  expect(Math.min(...lengths)).toBeLessThan(12);
  expect(Math.max(...lengths)).toBe(12);
  expect(new Set(all.map(({ id }) => id))).toEqual(new Set(["fixed", "fresh", "bernoulli", "door"]));
});

test("any piece of a trial is that piece of its tokens, and what is left of it stays zero", async () => {
  for (const layout of LAYOUTS) {
    const config = tokensOf(layout);
    const size = tokenSize(config);
    for (const { trial } of (await trials()).filter((one) => takes(layout, one.trial.shape.dim))) {
      const all = whole(config, trial);
      for (const first of [0, 1, 3, decisionsOf(trial) - 1]) {
        for (const length of [1, 4, 9, 60]) {
          const target = new Float32Array(size * (length + 2));
          const decisions = encodeTrial(target, size, config, trial, { first, length });
          expect(decisions).toBe(Math.min(decisionsOf(trial) - first, decisionsIn(length, config)));
          const from = first * tokensPerStep(config) * size;
          const expected = new Float32Array(target.length);
          expected.set(all.subarray(from, from + length * size), size);
          expect(Buffer.from(target.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
        }
      }
    }
  }
});

/** Lists of rows as a column. */
function lists<V extends Int32Array | Float32Array>(of: { from(items: number[]): V }, rows: number[][]): Lists<V> {
  const offsets = Int32Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]);
  return { offsets, values: of.from(rows.flat()), nulls: undefined };
}

/** Two episodes, of 2 and 1 steps, in an MDP of 2 states and 2 actions. */
const TRIAL: TrialRows = {
  columns: {
    actions: lists(Int32Array, [[1, 0], [1]]),
    rewards: lists(Float32Array, [[1, 3], [-1]]),
    observations: lists(Int32Array, [
      [1, 0, 1],
      [0, 0],
    ]),
    step_features: lists(Float32Array, [[], []]),
    trial_features: lists(Float32Array, [[], []]),
    terminated: Uint8Array.of(1, 1),
    truncated: Uint8Array.of(0, 0),
  },
  from: 0,
  to: 2,
  shape: { task: "by-hand", numActions: 2, numStates: 2, dim: 0, freshArms: false },
};
const BY_HAND: TokenConfig = {
  layout: "step",
  maxActions: 2,
  numStates: 2,
  dim: 0,
  horizon: 4,
  rewardMean: 1,
  rewardStd: 2,
};
const rowsOf = (tokens: Float32Array, size: number) =>
  Array.from({ length: tokens.length / size }, (_, i) => [...tokens.subarray(i * size, (i + 1) * size)]);

// by hand: state (2), step / 4, start | action (2), (reward - 1) / 2, there is one, terminated, truncated
test("three steps in layout step: each token has what came of the step before, across the border of the episodes", () => {
  expect(rowsOf(whole(BY_HAND, TRIAL), 10)).toEqual([
    [0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
    [1, 0, 0.25, 0, 0, 1, 0, 1, 0, 0],
    [1, 0, 0, 1, 1, 0, 1, 1, 1, 0],
  ]);
});

test("three steps in layout lin2023: situations and outcomes take turns", () => {
  expect(rowsOf(whole({ ...BY_HAND, layout: "lin2023" }, TRIAL), 10)).toEqual([
    [0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 1, 0, 1, 0, 0],
    [1, 0, 0.25, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 0, 1, 1, 1, 0],
    [1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 1, -1, 1, 1, 0],
  ]);
});

test("three steps in layout transition: what came of a step is all of it, from its state to the one it led to, an episode's last, too", () => {
  // by hand: state (2), step / 4, start | state (2), step / 4, action (2), (reward - 1) / 2, there is one, terminated, truncated, state (2)
  const expected = [
    [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 0, 0.25, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0],
    [1, 0, 0, 1, 1, 0, 0.25, 1, 0, 1, 1, 1, 0, 0, 1],
  ];
  const config: TokenConfig = { ...BY_HAND, layout: "transition" };
  expect(rowsOf(whole(config, TRIAL), 15)).toEqual(expected);
  // A piece begins with what came of the step before it.
  const piece = new Float32Array(15);
  encodeTrial(piece, 0, config, TRIAL, { first: 2, length: 1 });
  expect([...piece]).toEqual(expected[2]);
  // Of imported episodes the last state may not be known.
  const observations = lists(Int32Array, [
    [1, 0, -1],
    [0, -1],
  ]);
  const imported = { ...TRIAL, columns: { ...TRIAL.columns, observations } };
  expect(rowsOf(whole(config, imported), 15)[2]).toEqual([...expected[2].slice(0, -2), 0, 0]);
});

test("layout chosen-arm shows the features of the arm that was taken, of the arms of that step; decisions have their own", () => {
  const arms = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  const columns = {
    ...TRIAL.columns,
    step_features: lists(Float32Array, [arms.flat(), [-1, -2, -3, -4]]),
  };
  const shape = { task: "by-hand", numActions: 2, numStates: 1, dim: 2, freshArms: true };
  const trial = { ...TRIAL, columns, shape };
  const config: TokenConfig = { ...BY_HAND, layout: "chosen-arm", numStates: 1, dim: 2 };
  // by hand: step / 4, start | features of arm 1 and of arm 0, those times (reward - 1) / 2, it, there is one, terminated, truncated
  expect(rowsOf(whole(config, trial), 10)).toEqual([
    [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [0.25, 0, 3, 4, 0, 0, 0, 1, 0, 0],
    [0, 1, 5, 6, 5, 6, 1, 1, 1, 0],
  ]);
  const target = new Float32Array(18); // of decisions 1 and 2, among 3 arms of which there are 2
  writeArms(target, 1, 3, trial, 1, 2);
  expect(rowsOf(target, 6)).toEqual([
    [0, 0, 0, 0, 0, 0],
    [5, 6, 7, 8, 0, 0],
    [-1, -2, -3, -4, 0, 0],
  ]);
});

test("a cut episode is told apart from one that ended", () => {
  const columns = { ...TRIAL.columns, terminated: Uint8Array.of(0, 1), truncated: Uint8Array.of(1, 0) };
  expect(rowsOf(whole(BY_HAND, { ...TRIAL, columns }), 10)[2].slice(-3)).toEqual([1, 0, 1]);
});

test("a hidden outcome is as if there were none; it is asked for each outcome in a token, once, in their order", () => {
  const tokens = new Float32Array(30);
  const hidden = [true, false];
  encodeTrial(tokens, 0, BY_HAND, TRIAL, { first: 0, length: 3 }, () => hidden.shift() as boolean);
  expect(hidden).toEqual([]);
  const [, second, third] = rowsOf(tokens, 10);
  expect(second).toEqual([1, 0, 0.25, 0, 0, 0, 0, 0, 0, 0]);
  expect(third).toEqual([1, 0, 0, 1, 1, 0, 1, 1, 1, 0]);
});
