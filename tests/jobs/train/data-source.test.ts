import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainingBatch } from "#icrl/agents/transformer/train.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { silent } from "#icrl/jobs/listener.js";
import { openOfflineData } from "#icrl/jobs/train/offline-data.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingSpec } from "../../support/training-file.js";

const temporary = tempDir();
const dir = join(temporary.path, "set");
afterAll(() => temporary.remove());

const SPLIT = {
  name: "split",
  seed: 2n,
  tasks: [{ id: "linear", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 2 }, trials: 60 }],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};

/** 60 trials of a bandit whose arms' features, different in each, stand in every token. */
beforeAll(async () => {
  await makeDataset(dir, SPLIT);
});

/** The dataset as a training with such options sees it. */
async function source(training: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const spec = trainingSpec(temporary.path, { dataset: dir, objective: "ad", training, ...more });
  const opened = await openOfflineData(spec, temporary.path, silent, new AbortController().signal);
  const shape = { tokens: await opened.tokenConfig(), context: 2, crop: "prefix" } as const;
  return { opened, shape };
}

type Source = Awaited<ReturnType<typeof source>>;

/** The held-out batches. */
function held({ opened, shape }: Source): Promise<TrainingBatch[]> {
  const validation = opened.validation(shape);
  if (validation === undefined) throw new Error("nothing is held out");
  return take(validation(), Number.POSITIVE_INFINITY);
}

async function take(batches: AsyncIterable<TrainingBatch>, count: number): Promise<TrainingBatch[]> {
  const taken: TrainingBatch[] = [];
  for await (const batch of batches) if (taken.push(batch) === count) break;
  return taken;
}

/** What tells a trial from all others: its first token. */
const trials = (batches: readonly TrainingBatch[]): string[] =>
  batches.flatMap(({ tokens, sequences }) => {
    const size = tokens.length / sequences;
    return Array.from({ length: sequences }, (_, i) => tokens.slice(i * size, i * size + size / 2).join());
  });

test("no instance is on both sides, and together they are all", async () => {
  const given = await source({ validation_share: 0.3, batch: 1 });
  const { opened, shape } = given;
  const heldOut = trials(await held(given));
  const learned = new Set(trials(await take(opened.batches(shape, undefined), 2 * (60 - heldOut.length))));
  expect(heldOut.length).toBeGreaterThan(5);
  expect(heldOut.filter((trial) => learned.has(trial))).toEqual([]);
  expect(new Set(heldOut).size + learned.size).toBe(60);
});

test("batches go on after any of them as if nothing had been, in the next epoch too", async () => {
  const { opened, shape } = await source({ validation_share: 0.3, batch: 7, token_mask: 0.5 });
  const whole = await take(opened.batches(shape, undefined), 15);
  for (const at of [0, 4, 9]) {
    const position = JSON.parse(JSON.stringify(whole[at].position)); // as train-state.json keeps it
    expect(await take(opened.batches(shape, position), 5)).toEqual(whole.slice(at + 1, at + 6));
  }
});

test("validation looks at the same sequences each time, and at no more than it may", async () => {
  const given = await source({ validation_share: 0.4, validation_sequences: 10, batch: 4 });
  const first = await held(given);
  expect(first.map(({ sequences }) => sequences)).toEqual([4, 4]); // 10 sequences have room for 2 batches of 4
  expect(await held(given)).toEqual(first);
});

test("without a validation share nothing is held out", async () => {
  const { opened, shape } = await source({ validation_share: 0, batch: 1 });
  expect(opened.validation(shape)).toBeUndefined();
  expect(new Set(trials(await take(opened.batches(shape, undefined), 60))).size).toBe(60);
});

test("a share that holds out no instance is told, with what to do", async () => {
  await expect(held(await source({ validation_share: 0.0001 }))).rejects.toMatchObject({
    reason: "SELECTION_EMPTY",
    message: `no instance of ${dir} falls into the held-out share of 0.0001: give a larger validation_share, 0 for no validation, another seed, or validation, another dataset's folder`,
  });
});

test("the checkpoint's record names the dataset", async () => {
  const { opened } = await source({});
  expect(opened.record).toMatchObject({ name: "split", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test("with a dataset of its own to validate with, all of the other is learned from", async () => {
  const other = join(temporary.path, "other");
  await makeDataset(other, { ...SPLIT, name: "other", seed: 3n });
  const given = await source({ batch: 5 }, { validation: other });
  const heldOut = new Set(trials(await held(given)));
  expect(heldOut.size).toBe(60);
  const learned = new Set(trials(await take(given.opened.batches(given.shape, undefined), 12)));
  expect(learned.size).toBe(60);
  expect([...heldOut].filter((trial) => learned.has(trial))).toEqual([]);
  await expect(source({ validation_share: 0.1 }, { validation: other })).rejects.toMatchObject({
    reason: "SPEC_INVALID",
  });
  await expect(source({}, { validation: temporary.path })).rejects.toMatchObject({ reason: "SPEC_INVALID" });
});

test("a task of one instance is not validated on its other trials, without a word", async () => {
  const river = join(temporary.path, "river");
  const tasks = [{ id: "river", task: "river-swim", options: { states: 3, horizon: 2, episodes: 2 }, trials: 20 }];
  await makeDataset(river, { ...SPLIT, tasks });
  await expect(source({ validation_share: 0.5 }, { dataset: river })).rejects.toMatchObject({
    reason: "SELECTION_EMPTY",
    message: `task "river" of ${river} has one instance in 20 trials, and 2 parts have none in common: validation_share holds out instances, so that none is on both sides; give validation, another dataset's folder, or validation_share 0`,
  });
  expect((await source({}, { dataset: river, validation: river })).opened.tasks[0]).toMatchObject({ instances: 1 });
});

test("of a dark room goals are held out, not trials", async () => {
  const room = join(temporary.path, "room");
  const tasks = [{ id: "room", task: "dark-room", options: { size: 2, horizon: 3, episodes: 1 }, trials: 60 }];
  await makeDataset(room, { ...SPLIT, tasks });
  const parts = { train: 0.5, val: 0.5 };
  const sides = await Promise.all(
    ["train", "val"].map(async (part) => {
      const goals = new Set<string>();
      const split = { parts, seed: 1n, part };
      for await (const batch of readDataset(room, { columns: ["instance"], labels: [], split }))
        for (const goal of batch.columns.instance) goals.add(goal as string);
      return [...goals].sort();
    }),
  );
  expect(sides.flat().sort()).toEqual(["goal=0", "goal=1", "goal=2", "goal=3"]);
  expect(sides.every((goals) => goals.length > 0)).toBe(true);
});
