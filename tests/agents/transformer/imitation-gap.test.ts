import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imitationGap } from "#icrl/agents/transformer/imitation-gap.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { headOf, playCollection, writeLabel } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

/** Five trials of a bandit of 2 arms and 3 steps, and of an MDP of 2 actions and 2 episodes of 2 steps. */
const SPEC = {
  name: "gaps",
  seed: 3n,
  tasks: [
    { id: "bandit", task: "bernoulli-bandit", options: { arms: 2, horizon: 3 }, trials: 5 },
    { id: "swim", task: "river-swim", options: { states: 3, horizon: 2, episodes: 2 }, trials: 5 },
  ],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};
const temporary = tempDir();
const dir = join(temporary.path, "set");

/** The same law at every step. */
const always = (law: readonly number[]) => (row: { readonly actions: ArrayLike<number> }) => ({
  actions: Array.from(row.actions, () => 0),
  probabilities: Array.from(row.actions, () => law).flat(),
});

beforeAll(async () => {
  const id = await playCollection(dir, SPEC);
  const collecting = join(dir, "collecting");
  await writeLabel(collecting, "even", always([0.5, 0.5]));
  await writeLabel(collecting, "model", always([0.25, 0.75]));
  await writeLabel(collecting, "acts", ({ actions }) => ({
    actions: Array.from(actions, () => 0),
    probabilities: null,
  }));
  /** As `even` in the first episode, as `model` in the second. */
  await writeLabel(collecting, "changes", (row) => always(row.episode_index === 0 ? [0.5, 0.5] : [0.25, 0.75])(row));
  /** Without a choice in the first step of each episode. */
  await writeLabel(collecting, "late", ({ actions }) => ({
    actions: Array.from(actions, (_, t) => (t === 0 ? -1 : 0)),
    probabilities: null,
  }));
  await writeLabel(collecting, "never", always([0, 1]));
  /** As `even` in the first trial, as `model` in the others. */
  await writeLabel(collecting, "varies", (row) => always(row.trial_index === 0n ? [0.5, 0.5] : [0.25, 0.75])(row));
  await finishDataset(dir, headOf(SPEC, id), { subsample: undefined });
});
afterAll(() => temporary.remove());

/** By hand, p = (1/2, 1/2) and q = (1/4, 3/4). */
const GAP = {
  totalVariation: 0.25,
  hellinger: 0.184592, // sqrt(1 - sqrt(1/8) - sqrt(3/8))
  squaredHellinger: 0.0681483, // 2 (1 - sqrt(1/8) - sqrt(3/8))
  excessCrossEntropy: 0.143841, // ln(2) / 2 + ln(2/3) / 2; with p and q swapped it were 0.130812
};
/** ln(4/3): 1/4 / 1/4 + 1/4 / 3/4. */
const LOG_EXPECTED_RATIO = 0.287682;

/** The same numbers to 1e-5. */
const near = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expect.closeTo(value, 5)]));

const EXACT = near({ totalVariationSe: 0, hellingerSe: 0, squaredHellingerSe: 0, excessCrossEntropySe: 0 });

test("the distances at each step are those worked out by hand", async () => {
  const gap = await imitationGap(dir, "even", "model", "bandit");
  const ratio = near({ logExpectedRatio: LOG_EXPECTED_RATIO, logExpectedRatioSe: 0, effectiveTrials: 5 });
  expect(gap.expertProbabilities).toBe(true);
  expect(gap.mean).toEqual({ ...near(GAP), ...EXACT, trials: 5 });
  expect(gap.steps).toEqual([1, 2, 3].map((step) => ({ step, ...near(GAP), ...EXACT, ...ratio, trials: 5 })));
  expect(gap.squaredHellingerSum).toEqual(near({ mean: 3 * GAP.squaredHellinger, se: 0 }));
  expect(gap.epsilonReal).toEqual({ step: 1, ...ratio });
});

test("standard errors are those of the trials", async () => {
  const { mean, steps, squaredHellingerSum } = await imitationGap(dir, "even", "varies", "bandit");
  // Of 0, x, x, x, x: mean 4/5 x, standard error sqrt((16/25 + 4/25) / 4 / 5) x = x / 5.
  const means = near(Object.fromEntries(Object.entries(GAP).map(([name, value]) => [name, (4 / 5) * value])));
  const errors = near(Object.fromEntries(Object.entries(GAP).map(([name, value]) => [`${name}Se`, value / 5])));
  expect(steps[0]).toMatchObject({ ...means, ...errors });
  expect(mean).toMatchObject({ ...means, ...errors }); // a trial's steps are all alike: three of them tell no more than one
  expect(squaredHellingerSum).toEqual(
    near({ mean: (12 / 5) * GAP.squaredHellinger, se: (3 / 5) * GAP.squaredHellinger }),
  );
  // x = 1/3: log(1 + 4/15), by the delta method 1/15 / (1 + 4/15); (4 x)^2 / 4 x^2 = 4 trials
  expect(steps[0]).toMatchObject(
    near({ logExpectedRatio: Math.log(19 / 15), logExpectedRatioSe: 1 / 19, effectiveTrials: 4 }),
  );
});

test("an expert's action stands for its probabilities where it gave none", async () => {
  const { expertProbabilities, mean } = await imitationGap(dir, "acts", "model", "bandit");
  expect(expertProbabilities).toBe(false);
  // by hand, p = (1, 0): 3/4; sqrt(1 - sqrt(1/4)); ln 4
  expect(mean).toMatchObject(near({ totalVariation: 0.75, hellinger: Math.SQRT1_2, excessCrossEntropy: 1.386294 }));
});

test("steps are counted across the episodes of a trial", async () => {
  const { mean, steps, epsilonReal } = await imitationGap(dir, "even", "changes", "swim");
  expect(steps.map(({ step, trials }) => [step, trials])).toEqual([1, 2, 3, 4].map((step) => [step, 5]));
  const none = { totalVariation: 0, hellinger: 0, excessCrossEntropy: 0, logExpectedRatio: 0 };
  expect(steps).toMatchObject([none, none, GAP, GAP].map(near));
  expect(mean.totalVariation).toBeCloseTo(0.125, 6);
  expect(epsilonReal).toMatchObject({ step: 3, ...near({ logExpectedRatio: LOG_EXPECTED_RATIO }) });
});

test("steps at which the expert has no choice do not count", async () => {
  const { mean, steps } = await imitationGap(dir, "late", "model", "bandit");
  expect(steps.map(({ step, trials }) => [step, trials])).toEqual([
    [2, 5],
    [3, 5],
  ]);
  expect(mean.totalVariation).toBeCloseTo(0.75, 6);
});

test("a choice that the model rules out costs much, and not infinitely much", async () => {
  const { mean } = await imitationGap(dir, "acts", "never", "bandit");
  expect(mean).toMatchObject(near({ totalVariation: 1, hellinger: 1, excessCrossEntropy: 126 * Math.LN2 }));
});

test("the names of labels that are not there are told", async () => {
  await expect(imitationGap(dir, "nobody", "model", "bandit")).rejects.toMatchObject({ reason: "LABEL_UNKNOWN" });
});
