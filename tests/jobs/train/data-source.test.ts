import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainingBatch } from "#icrl/agents/transformer/train.js";
import { silent } from "#icrl/jobs/listener.js";
import { openOfflineData } from "#icrl/jobs/train/offline-data.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingSpec } from "../../support/training-file.js";

const temporary = tempDir();
const dir = join(temporary.path, "set");
afterAll(() => temporary.remove());

/** 60 trials of a bandit whose arms' features, different in each, stand in every token. */
beforeAll(async () => {
  await makeDataset(dir, {
    name: "split",
    seed: 2n,
    tasks: [{ id: "linear", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 2 }, trials: 60 }],
    behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
  });
});

/** The dataset as a training with such options sees it. */
async function source(training: Record<string, unknown>) {
  const spec = trainingSpec(temporary.path, { dataset: dir, objective: "ad", training });
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
    message: `no instance of ${dir} falls into the held-out share of 0.0001: give a larger validation_share, 0 for no validation, or another seed`,
  });
});

test("the checkpoint's record names the dataset", async () => {
  const { opened } = await source({});
  expect(opened.record).toMatchObject({ name: "split", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});
