import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { type DatasetManifest, readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import type { Lists } from "#icrl/datasets/log/batch-columns.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { filterDataset } from "#icrl/datasets/rewrite/filter-dataset.js";
import { mergeDatasets } from "#icrl/datasets/rewrite/merge-datasets.js";
import { splitDataset } from "#icrl/datasets/rewrite/split-dataset.js";
import { verifyDataset } from "#icrl/datasets/verify/verify-dataset.js";
import { createReplay } from "#icrl/server/trajectories/replay.js";
import { dataRows, madeUpLabel, makeDataset, SPEC } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

const nodeVersion = process.versions.node;
const temporary = tempDir();
const path = (name: string) => join(temporary.path, name);
const dir = path("set");
let written: TrajectoryRow[];
beforeAll(async () => {
  await makeDataset(dir);
  written = await dataRows(dir);
});
afterAll(() => temporary.remove());

/** Labels are those of their rows, the manifest says what is there, and every episode plays again. */
async function expectSound(of: string): Promise<TrajectoryRow[]> {
  const verified = await verifyDataset(of, { sample: Number.POSITIVE_INFINITY, seed: 0n, replay: createReplay() });
  expect(verified.problems).toEqual([]);
  const rows = await dataRows(of);
  let at = 0;
  for await (const batch of readDataset(of, { columns: [], labels: ["made-up"] })) {
    const { offsets, values } = batch.labels["made-up"].actions as Lists<Int32Array>;
    for (let row = 0; row < batch.rows; row += 1, at += 1)
      expect([...values.subarray(offsets[row], offsets[row + 1])]).toEqual(madeUpLabel(rows[at]).actions);
  }
  expect(at).toBe(rows.length);
  return rows;
}

const byId = (rows: readonly TrajectoryRow[]) => rows.toSorted((a, b) => (a.episode_id < b.episode_id ? -1 : 1));
const instanceOf = (row: TrajectoryRow) => `${row.task} ${row.task_seed}`;

test("no split of any proportions has an instance on two sides, and its parts merge to what was split", async () => {
  const rng = rngFromSeed(1n);
  for (let i = 0; i < 2; i += 1) {
    const share = 0.2 + 0.6 * rng.uniform();
    const parts = { train: share, val: (1 - share) / 2, test: 1 - share - (1 - share) / 2 };
    const out = path(`parts-${i}`);
    await splitDataset(dir, out, { nodeVersion, parts, seed: BigInt(i) });
    const rows = await Promise.all(Object.keys(parts).map((name) => expectSound(join(out, name))));
    const instances = rows.map((part) => new Set(part.map(instanceOf)));
    for (const [a, set] of instances.entries())
      for (const other of instances.slice(a + 1))
        expect([...set].filter((instance) => other.has(instance))).toEqual([]);
    const merged = path(`merged-${i}`);
    await mergeDatasets(
      Object.keys(parts).map((name) => join(out, name)),
      merged,
      { nodeVersion },
    );
    expect(byId(await expectSound(merged))).toEqual(byId(written));
  }
});

test("shares of many instances are what was asked for", async () => {
  const { instanceSplit } = await import("#icrl/datasets/read/instance-split.js");
  const partOf = instanceSplit({ train: 0.8, val: 0.2 }, 3n);
  let val = 0;
  for (let i = 0n; i < 20_000n; i += 1n) val += partOf("linear-bandit", null, i * 0x9e3779b97f4a7c15n);
  expect(Math.abs(val / 20_000 - 0.2)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / 20_000));
});

test("shares that do not add up to 1 and a part without episodes are refused", async () => {
  for (const parts of [{ train: 0.9, val: 0.2 }, { train: 1.5, val: -0.5 }, {}] as Record<string, number>[]) {
    await expect(splitDataset(dir, path("bad"), { nodeVersion, parts, seed: 0n })).rejects.toMatchObject({
      reason: "OPTION_INVALID",
    });
  }
  const parts = { train: 0.999999, val: 0.000001 };
  await expect(splitDataset(dir, path("bad"), { nodeVersion, parts, seed: 0n })).rejects.toMatchObject({
    reason: "SELECTION_EMPTY",
  });
  expect(existsSync(path("bad"))).toBe(false);
  expect(existsSync(path("bad.partial"))).toBe(false);
});

test("a trial that is in both is kept once", async () => {
  await filterDataset(dir, path("low"), { nodeVersion, where: "trial_index < 12" });
  await filterDataset(dir, path("high"), { nodeVersion, where: "trial_index >= 6" });
  await mergeDatasets([path("low"), path("high")], path("overlapping"), { nodeVersion });
  const rows = await expectSound(path("overlapping"));
  expect(byId(rows)).toEqual(byId(written));
  // The first dataset's rows come first, as they stand there.
  expect(rows.slice(0, (await dataRows(path("low"))).length)).toEqual(await dataRows(path("low")));
});

test("trials that differ, and tasks, behaviours or labels of one name that are not the same, are not merged", async () => {
  await filterDataset(dir, path("every-2"), { nodeVersion, every: 2 });
  const merge = (other: string) => mergeDatasets([dir, other], path("never"), { nodeVersion });
  await expect(merge(path("every-2"))).rejects.toMatchObject({ reason: "DATASET_MISMATCH" });
  const manifest = readDatasetManifest(path("every-2"));
  const rewritten: Partial<DatasetManifest>[] = [
    { tasks: manifest.tasks.map((task) => ({ ...task, options: { ...task.options, horizon: 7 } })) },
    { behaviours: manifest.behaviours.map((entry) => ({ ...entry, agent: "somebody" })) },
    { labels: { ...manifest.labels, "made-up": { ...manifest.labels["made-up"], agent_version: "2" } as never } },
    { versions: { ...manifest.versions, agents: { uniform: "7" } } },
  ];
  for (const members of rewritten) {
    writeFileSync(join(path("every-2"), "dataset.json"), JSON.stringify({ ...manifest, ...members }));
    await expect(merge(path("every-2"))).rejects.toMatchObject({
      reason: "DATASET_MISMATCH",
      message: expect.stringContaining("only what has the same name"),
    });
  }
  expect(existsSync(path("never"))).toBe(false);
});

test("another collection merges in; a label that only one has is left out", async () => {
  const other = { ...SPEC, name: "other", seed: 12n, behaviours: SPEC.behaviours.slice(0, 1) };
  await makeDataset(path("other"), other, { labels: [] });
  const manifest = await mergeDatasets([dir, path("other")], path("both"), { nodeVersion });
  expect(Object.keys(manifest.labels)).toEqual(["self", "optimal"]);
  expect(manifest).toMatchObject({ name: "test set + other", episodes: 200, seed: null, made_by: "merge" });
  // The mixtures differ: weights are the numbers of trials.
  expect(manifest.behaviours.map(({ weight, trials }) => weight - trials)).toEqual([0, 0, 0]);
  expect(byId(await dataRows(path("both")))).toEqual(byId([...written, ...(await dataRows(path("other")))]));
});

test("a filter keeps whole rows that match, in order, with their labels", async () => {
  await filterDataset(dir, path("some"), { nodeVersion, where: "regret > 1 AND list_max(rewards) > 0 -- a comment" });
  const kept = (row: TrajectoryRow) => (row.regret ?? 0) > 1 && Math.max(...row.rewards) > 0;
  expect(await expectSound(path("some"))).toEqual(written.filter(kept));
  await filterDataset(dir, path("thinned"), { nodeVersion, every: 3 });
  expect(await expectSound(path("thinned"))).toEqual(written.filter((row) => row.episode_index % 3 === 0));
  const twice = await filterDataset(path("thinned"), path("thinned-twice"), { nodeVersion, every: 2 });
  expect(twice.subsample).toBe(6);
  expect((await dataRows(path("thinned-twice"))).every((row) => row.episode_index === 0)).toBe(true);
});

test("a filter by trials keeps all episodes of a trial or none", async () => {
  const matches = (row: TrajectoryRow) => row.task === "random-mdp" && row.return > 0.01;
  for (const [word, quantifier] of [
    ["any", "some"],
    ["all", "every"],
  ] as const) {
    const expected = written.filter((row) =>
      written.filter((other) => other.trial_id === row.trial_id)[quantifier](matches),
    );
    const filter = { nodeVersion, where: `task = 'random-mdp' AND "return" > 0.01`, trials: word };
    if (expected.length === 0) {
      await expect(filterDataset(dir, path(word), filter)).rejects.toMatchObject({ reason: "SELECTION_EMPTY" });
      continue;
    }
    await filterDataset(dir, path(word), filter);
    expect(await expectSound(path(word))).toEqual(expected);
  }
});

test("bad SQL is QUERY_INVALID and leaves nothing behind", async () => {
  const refused = filterDataset(dir, path("bad-sql"), { nodeVersion, where: "regrett < 1" });
  await expect(refused).rejects.toMatchObject({ reason: "QUERY_INVALID" });
  expect(readdirSync(temporary.path).filter((name) => name.startsWith("bad-sql"))).toEqual([]);
});

test("a dataset in the way is replaced only when asked to, anything else never", async () => {
  const out = path("taken");
  const filter = { nodeVersion, where: "length > 0" };
  await filterDataset(dir, out, filter);
  await expect(filterDataset(dir, out, filter)).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
  await filterDataset(dir, out, { ...filter, every: 4, overwrite: true });
  expect((await dataRows(out)).length).toBe(40);
  // A dataset can be replaced by what is made of it.
  await filterDataset(out, out, { nodeVersion, where: "task = 'random-mdp'", overwrite: true });
  expect((await dataRows(out)).length).toBe(20);
  mkdirSync(path("home"));
  writeFileSync(join(path("home"), "thesis.tex"), "");
  const refused = filterDataset(dir, path("home"), { ...filter, overwrite: true });
  await expect(refused).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
});
