import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { NOISY_ORACLE, OPTIMAL, POSTERIOR } from "#icrl/server/labels/computed-experts.js";
import { labelTrials } from "#icrl/server/labels/label-by-task.js";
import { revealInstance } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { dataRows, makeDataset } from "../../support/dataset.js";
import { importedForTest } from "../../support/imported.js";
import { copyForTest, type LabelRow, labelBytes, readLabels } from "../../support/labels.js";
import { tempDir } from "../../support/temp-dir.js";

const N = 3;
const SPEC: CollectionSpec = {
  name: "best",
  seed: 7n,
  tasks: [
    { id: "room", task: "dark-room", options: { size: N, horizon: 6, episodes: 3, start: "random" }, trials: 30 },
    { id: "fixed", task: "bernoulli-bandit", options: { arms: 4, horizon: 5 }, trials: 8 },
    { id: "fresh", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 5, arm_set: "fresh" }, trials: 8 },
    { id: "swim", task: "river-swim", options: { states: 4, horizon: 6, episodes: 2 }, trials: 8 },
  ],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};
const silent = () => undefined;
const never = new AbortController().signal;
const BEST = { expert: OPTIMAL, options: {} };

const temporary = tempDir();
const dir = join(temporary.path, "set");
let rows: TrajectoryRow[];
let labels: LabelRow[];
beforeAll(async () => {
  await makeDataset(dir, SPEC, { labels: [] });
  const told: unknown[] = [];
  const totals = await labelTrials(dir, "best", BEST, (so) => told.push(so), never);
  rows = await dataRows(dir);
  expect(totals).toEqual({ trials: 54, episodes: rows.length, steps: rows.reduce((sum, row) => sum + row.length, 0) });
  expect(told.at(-1)).toEqual({ ...totals, total: 54 });
  labels = readLabels(dir, "best");
});
afterAll(() => temporary.remove());

/** The law of a label at a step. */
const lawAt = ({ actions, probabilities }: LabelRow, t: number): number[] => {
  const count = (probabilities?.length ?? 0) / actions.length;
  return (probabilities ?? []).slice(t * count, (t + 1) * count);
};

test("each step's best actions have one probability, and all others none; of those that were taken, just those without regret", () => {
  let spread = 0;
  expect(labels.map(({ episodeId }) => episodeId)).toEqual(rows.map((row) => row.episode_id));
  for (const [i, row] of rows.entries()) {
    expect(labels[i].actions).toEqual([...(row.optimal_actions ?? [])]);
    for (let t = 0; t < row.length; t += 1) {
      const law = lawAt(labels[i], t);
      const best = law.filter((p) => p > 0);
      expect(best).toEqual(best.map(() => Math.fround(1 / best.length)));
      expect(law.findIndex((p) => p > 0)).toBe(labels[i].actions[t]); // the lowest index
      expect(law[row.actions[t]] > 0).toBe((row.regrets?.[t] ?? 1) < 1e-6);
      if (row.task_id === "fixed" || row.task_id === "fresh") expect(best.length).toBe(1);
      else if (best.length > 1) spread += 1;
    }
  }
  expect(spread).toBeGreaterThan(100);
});

/**
 * By hand: where the goal is d cells away, d >= 1, the d-th step ends on it and all that follow, so that with g steps to go the best return is
 * g - d + 1, and 0 where that is negative; on the goal it is g.
 */
test("on a grid they are the ways that lead there soonest, and every action where none does any more", () => {
  const task = buildTask("dark-room", SPEC.tasks[0].options ?? {});
  let hopeless = 0;
  for (const [i, row] of rows.entries()) {
    if (row.task_id !== "room") continue;
    const { goals } = runAtOnce(revealInstance(task, row.task_seed as bigint, row.noise_seed as bigint));
    const goal = goals[0].observation;
    const away = (cell: number) =>
      Math.abs((cell % N) - (goal % N)) + Math.abs(Math.floor(cell / N) - Math.floor(goal / N));
    const value = (cell: number, g: number) => (away(cell) === 0 ? g : Math.max(0, g - away(cell) + 1));
    for (let t = 0; t < row.length; t += 1) {
      const cell = row.observations?.[t] ?? 0;
      const [line, column] = [Math.floor(cell / N), cell % N];
      const inside = (r: number, c: number) => (r < 0 || r >= N || c < 0 || c >= N ? cell : r * N + c);
      const to = [
        cell,
        inside(line - 1, column),
        inside(line + 1, column),
        inside(line, column - 1),
        inside(line, column + 1),
      ];
      const q = to.map((next) => (next === goal ? 1 : 0) + value(next, row.length - t - 1));
      const best = Math.max(...q);
      expect(lawAt(labels[i], t).map((p) => p > 0)).toEqual(q.map((one) => one === best));
      if (best === 0) hopeless += 1;
    }
  }
  expect(hopeless).toBeGreaterThan(0);
});

test("they are entered in the manifest, and nothing is done twice; a dataset of some of the episodes has them of these", async () => {
  expect(readDatasetManifest(dir).labels.best).toMatchObject({
    folder: "labels/best",
    agent: "optimal",
    probabilities: true,
  });
  const before = labelBytes(dir, "best");
  expect(await labelTrials(dir, "best", BEST, silent, never)).toEqual({ trials: 0, episodes: 0, steps: 0 });
  expect(labelBytes(dir, "best")).toEqual(before);

  const some = join(temporary.path, "some");
  await makeDataset(some, SPEC, { labels: [], subsample: 2 });
  await labelTrials(some, "best", BEST, silent, never);
  const all = new Map(labels.map((label) => [label.episodeId, label]));
  const kept = readLabels(some, "best");
  expect(kept.length).toBeLessThan(labels.length);
  for (const label of kept) expect(label).toEqual(all.get(label.episodeId));
});

test("where they cannot be known, or are called as a column, that is said; a stop leaves nothing half done", async () => {
  const copy = copyForTest(dir);
  await expect(labelTrials(copy, "optimal", BEST, silent, never)).rejects.toMatchObject({ reason: "NAME_INVALID" });
  const reason = new Error("stopped");
  await expect(labelTrials(copy, "second", BEST, silent, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(Object.keys(readDatasetManifest(copy).labels)).toEqual(["self", "optimal", "best"]);
  await labelTrials(copy, "second", BEST, silent, never);
  expect(readLabels(copy, "second")).toEqual(labels);
  const imported = await importedForTest();
  await expect(labelTrials(imported.dir, "best", BEST, silent, never)).rejects.toMatchObject({
    reason: "TRUTH_UNKNOWN",
  });
});

test("the behaviour that has the truth gives its own actions the probabilities that it took them with", async () => {
  const options = { start: 0.9, end: 0.25 };
  const noisy = { name: "noisy", agent: "oracle-noise", options, weight: 1 };
  const own = join(temporary.path, "noisy");
  await makeDataset(own, { ...SPEC, behaviours: [noisy] }, { labels: [] });
  await labelTrials(own, "noisy", { expert: NOISY_ORACLE, options }, silent, never);
  const said = readLabels(own, "noisy");
  const played = await dataRows(own);
  expect(played.length).toBeGreaterThan(100);
  for (const [i, row] of played.entries()) {
    const laws = Array.from(row.actions, (_, t) => lawAt(said[i], t));
    expect(laws.map((law, t) => law[row.actions[t]])).toEqual([...(row.propensities ?? [])]);
    for (const law of laws) expect(law.reduce((sum, p) => sum + p)).toBeCloseTo(1, 6);
  }
  await expect(
    labelTrials(own, "other", { expert: NOISY_ORACLE, options: { start: 2 } }, silent, never),
  ).rejects.toMatchObject({ reason: "OPTION_INVALID" });
});

test("the law of the best action given what was seen is a label of its own, whose samples stand beside it; tasks without a prior are refused", async () => {
  const spec: CollectionSpec = { ...SPEC, tasks: SPEC.tasks.filter(({ id }) => id !== "swim") };
  const known = join(temporary.path, "known");
  await makeDataset(known, spec, { labels: [] });
  await labelTrials(known, "law", { expert: POSTERIOR, options: { samples: 50 } }, silent, never);
  await labelTrials(known, "best", BEST, silent, never);
  expect(readDatasetManifest(known).labels.law).toMatchObject({
    agent: "posterior",
    agent_options: { samples: 50 },
    probabilities: true,
  });
  const laws = readLabels(known, "law");
  const best = readLabels(known, "best");
  let found = 0;
  for (const [i, row] of (await dataRows(known)).entries()) {
    const goalSeen = row.task_id === "room" ? row.rewards.indexOf(1) : -1;
    for (let t = 0; t < row.length; t += 1) {
      const law = lawAt(laws[i], t);
      expect(law.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      expect(law[laws[i].actions[t]]).toBe(Math.max(...law));
      // Before anything was seen all arms are alike; where the goal was seen it is known.
      if (row.task_id === "fixed" && t === 0) for (const p of law) expect(p).toBeCloseTo(0.25, 6);
      if (goalSeen >= 0 && t > goalSeen) {
        expect(law).toEqual(lawAt(best[i], t));
        found += 1;
      }
    }
  }
  expect(found).toBeGreaterThan(50);
  await expect(labelTrials(dir, "law", { expert: POSTERIOR, options: {} }, silent, never)).rejects.toMatchObject({
    reason: "TASK_UNSUPPORTED",
  });
  await expect(
    labelTrials(known, "more", { expert: POSTERIOR, options: { samples: 0 } }, silent, never),
  ).rejects.toMatchObject({
    reason: "OPTION_INVALID",
  });
});
