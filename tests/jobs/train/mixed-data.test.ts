import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mixedRewards, rewardMoments } from "#icrl/agents/transformer/token-config.js";
import type { TrainingBatch } from "#icrl/agents/transformer/train.js";
import { silent } from "#icrl/jobs/listener.js";
import { openOfflineData } from "#icrl/jobs/train/offline-data.js";
import { makeDataset } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingSpec } from "../../support/training-file.js";

const temporary = tempDir();
afterAll(() => temporary.remove());
const at = (name: string) => join(temporary.path, name);

/** Trials of a bandit whose arms' features, different in each, stand in every token; its number of arms tells its set. */
const set = (name: string, actions: number, trials: number, horizon = 2) => ({
  name,
  seed: 2n,
  tasks: [{ id: `arms-${actions}`, task: "linear-bandit", options: { dim: 2, actions, horizon }, trials }],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
});

beforeAll(async () => {
  await makeDataset(at("three"), set("three", 3, 60));
  await makeDataset(at("two"), set("two", 2, 30, 4));
});

const BOTH = [{ path: "three", weight: 3 }, { path: "two" }];

/** The datasets as a training with such options sees them. */
async function source(training: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const spec = trainingSpec(temporary.path, { dataset: BOTH, objective: "ad", training, ...more });
  const opened = await openOfflineData(spec, temporary.path, silent, new AbortController().signal);
  const shape = { tokens: await opened.tokenConfig(), context: 4, crop: "prefix" } as const;
  return { opened, shape };
}

async function take(batches: AsyncIterable<TrainingBatch>, count: number): Promise<TrainingBatch[]> {
  const taken: TrainingBatch[] = [];
  for await (const batch of batches) if (taken.push(batch) === count) break;
  return taken;
}

/** What tells a trial from all others, its number of arms before it. */
const trials = (batches: readonly TrainingBatch[]): string[] =>
  batches.flatMap(({ tokens, sequences, numActions }) => {
    const size = tokens.length / sequences;
    return Array.from(numActions, (arms, i) => `${arms}:${tokens.slice(i * size, i * size + size / 4).join()}`);
  });

const ofTwo = (all: readonly string[]) => all.filter((trial) => trial.startsWith("2:"));

test("sequences are of each set as often as its weight says, and go through each set before they begin anew", async () => {
  const { opened, shape } = await source({ validation_share: 0, batch: 16 });
  const drawn = trials(await take(opened.batches(shape, undefined), 50));
  // 800 sequences, a quarter of them of the second set: 200 with a standard deviation of 12.
  expect(ofTwo(drawn).length).toBeGreaterThan(160);
  expect(ofTwo(drawn).length).toBeLessThan(240);
  expect(new Set(ofTwo(drawn).slice(0, 30)).size).toBe(30);
  expect(new Set(ofTwo(drawn)).size).toBe(30);
  expect(new Set(drawn.filter((trial) => trial.startsWith("3:")).slice(0, 60)).size).toBe(60);
});

test("one set twice is not read in the same order", async () => {
  const { opened, shape } = await source(
    { validation_share: 0, batch: 60 },
    { dataset: [{ path: "three" }, { path: "three" }] },
  );
  const [batch] = await take(opened.batches(shape, undefined), 1);
  const drawn = trials([batch]);
  expect(new Set(drawn).size).toBeGreaterThan(35); // of about 30 each, the second would have those of the first alone
});

test("batches go on after any of them as if nothing had been", async () => {
  const { opened, shape } = await source({ validation_share: 0.3, batch: 7, token_mask: 0.5 });
  const whole = await take(opened.batches(shape, undefined), 15);
  for (const after of [0, 4, 9]) {
    const position = JSON.parse(JSON.stringify(whole[after].position)); // as train-state.json keeps it
    expect(await take(opened.batches(shape, position), 5)).toEqual(whole.slice(after + 1, after + 6));
  }
});

test("of each set instances are held out, none on both sides, and each has its share of what is looked at", async () => {
  const { opened, shape } = await source({ validation_share: 0.3, validation_sequences: 512, batch: 4 });
  const validation = opened.validation(shape) as () => AsyncIterable<TrainingBatch>;
  const heldOut = trials(await take(validation(), Number.POSITIVE_INFINITY));
  expect(trials(await take(validation(), Number.POSITIVE_INFINITY))).toEqual(heldOut);
  expect(ofTwo(heldOut).length).toBeGreaterThan(2);
  expect(heldOut.length - ofTwo(heldOut).length).toBeGreaterThan(5);
  const learned = new Set(trials(await take(opened.batches(shape, undefined), 150)));
  expect(heldOut.filter((trial) => learned.has(trial))).toEqual([]);
  expect(learned.size + heldOut.length).toBe(90);
  const few = await source({ validation_share: 0.3, validation_sequences: 8, batch: 2 });
  const looked = trials(
    await take((few.opened.validation(few.shape) as typeof validation)(), Number.POSITIVE_INFINITY),
  );
  expect([looked.length, ofTwo(looked).length]).toEqual([8, 2]); // by 3 to 1
});

test("tokens hold the tasks of all sets, and rewards are those of the mixture", async () => {
  const { opened, shape } = await source({ validation_share: 0 });
  expect(opened.tasks.map(({ id }) => id)).toEqual(["arms-3", "arms-2"]);
  expect(shape.tokens).toMatchObject({ maxActions: 3, dim: 2, horizon: 4 });
  expect(opened.trialTokens(shape.tokens)).toBe(4);
  const moments = [await rewardMoments(at("three")), await rewardMoments(at("two"))];
  // By hand: 3 of 4 sequences have two steps and 1 has four, so 6 steps of 10 are of the first set.
  const mean = 0.6 * moments[0].mean + 0.4 * moments[1].mean;
  const square = (of: (typeof moments)[number]) => of.variance + of.mean ** 2;
  expect(shape.tokens.rewardMean).toBeCloseTo(mean, 12);
  const variance = 0.6 * square(moments[0]) + 0.4 * square(moments[1]) - mean ** 2;
  expect(shape.tokens.rewardStd).toBeCloseTo(Math.sqrt(variance), 10);
  const constant = { mean: 2, variance: 0 };
  expect(mixedRewards([constant, constant], [1, 5])).toEqual({ mean: 2, std: 1 });
});

test("the checkpoint's record names each set, with its weight", async () => {
  const { opened } = await source({});
  const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(opened.record).toEqual([
    { name: "three", id: expect.any(String), sha256, weight: 3 },
    { name: "two", id: expect.any(String), sha256, weight: 1 },
  ]);
});

describe("sets that do not go together, and lists that are none, are refused", () => {
  test.each<[what: string, more: Record<string, unknown>, reason: string, message: RegExp]>([
    ["an empty list", { dataset: [] }, "SPEC_INVALID", /dataset is empty: give a list of at least one/],
    [
      "a folder that is none",
      { dataset: [{ path: "nowhere" }] },
      "SPEC_INVALID",
      /dataset\[0\]\.path .*nowhere is no dataset: give the folder/,
    ],
    [
      "a weight of 0",
      { dataset: [{ path: "three", weight: 0 }] },
      "SPEC_INVALID",
      /dataset\[0\]\.weight is 0: give a positive number/,
    ],
    ["a text", { dataset: ["three"] }, "SPEC_INVALID", /dataset\[0\] is "three": give \{path, weight\}/],
    [
      "an online training",
      { online: { trials: 4 } },
      "SPEC_INVALID",
      /online needs the file .* dataset is a list of folders/,
    ],
    ["a label that one has not", { objective: "expert:ucb" }, "LABEL_UNKNOWN", /three has no label "ucb"/],
  ])("%s", async (_, more, reason, message) => {
    await expect(source({}, more)).rejects.toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  test("two tasks of one id", async () => {
    const clashing = set("clash", 3, 20, 3);
    await makeDataset(at("clash"), clashing);
    await expect(source({}, { dataset: [{ path: "three" }, { path: "clash" }] })).rejects.toMatchObject({
      reason: "SPEC_INVALID",
      message: expect.stringMatching(
        /task "arms-3" of .*clash is .*"horizon":3.* and of .*three .*"horizon":2.*one id names one task/,
      ),
    });
  });
});
