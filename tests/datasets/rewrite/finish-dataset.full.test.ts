import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DATASET_SCHEMA_VERSION, readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { dataRows, headOf, playCollection, SPEC, writeLabel } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
const played = join(temporary.path, "played");
let id: string;
beforeAll(async () => {
  id = await playCollection(played);
  await writeLabel(join(played, "collecting"), "made-up");
});
afterAll(() => temporary.remove());

let copies = 0;
/** A copy of what was played. */
function copy(): string {
  const dir = join(temporary.path, `copy-${copies++}`);
  cpSync(played, dir, { recursive: true });
  return dir;
}

test("what was collected becomes a dataset: the same files, counted and hashed", async () => {
  const dir = copy();
  const before = await dataRows(join(dir, "collecting"));
  const manifest = await finishDataset(dir, headOf(SPEC, id), { subsample: undefined });
  expect(readdirSync(dir).sort()).toEqual(["README.md", "data", "dataset.json", "labels"]);
  // A log's files are their owner's alone; a dataset's have the modes that new files have.
  const modes = manifest.shards.map(({ file }) => statSync(join(dir, file)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([statSync(join(dir, "dataset.json")).mode & 0o777]));
  expect(modes[0]).not.toBe(0o600);
  expect(readDatasetManifest(dir)).toEqual(JSON.parse(JSON.stringify(manifest)));
  expect(await dataRows(dir)).toEqual(before);
  // 20 trials of one episode of 12 steps; 20 trials of four episodes of six
  expect(manifest).toMatchObject({ trials: 40, episodes: 100, steps: 20 * 12 + 20 * 4 * 6, privileged: true });
  expect(manifest.tasks.map((task) => [task.id, task.trials, task.episodes])).toEqual([
    ["linear", 20, 20],
    ["mdp", 20, 80],
  ]);
  expect(manifest.behaviours.reduce((sum, { trials }) => sum + trials, 0)).toBe(40);
  expect(manifest.shards.length).toBe(3);
  expect(manifest.shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(100);
  expect(manifest.versions.tasks).toEqual({ "linear-bandit": 1, "random-mdp": 1 });
  expect(manifest.labels).toMatchObject({
    self: { column: "actions" },
    optimal: { column: "optimal_actions" },
    "made-up": { folder: "labels/made-up", agent: "made-up", agent_options: { strength: 3 }, probabilities: true },
  });
});

test("subsampling keeps every k-th episode of each trial, its label, and the schema bit for bit", async () => {
  const dir = copy();
  const before = await dataRows(join(dir, "collecting"));
  const schemaOf = (path: string) => {
    const { schema } = tableFromIPC(readParquet(readFileSync(path)).intoIPCStream());
    const fields = schema.fields.map((f) => [f.name, String(f.type), f.nullable, f.type.children?.[0]?.nullable]);
    return { fields, metadata: [...schema.metadata] };
  };
  const [shard] = listShards(join(dir, "collecting"));
  const schemas = [shard.path, join(dir, "collecting/labels/made-up", shard.name)].map(schemaOf);
  const manifest = await finishDataset(dir, headOf(SPEC, id), { subsample: 3 });
  expect(await dataRows(dir)).toEqual(before.filter((row) => row.episode_index % 3 === 0));
  expect(manifest).toMatchObject({ subsample: 3, trials: 40, episodes: 20 + 20 * 2 }); // episodes 0 and 3 of 4
  const [first] = listShards(dir);
  expect([first.path, join(dir, "labels/made-up", first.name)].map(schemaOf)).toEqual(schemas);
});

test.each([undefined, 2])("killed at any point and called again it finishes: subsample %s", async (subsample) => {
  const whole = copy();
  const expected = await finishDataset(whole, headOf(SPEC, id), { subsample });
  const rows = await dataRows(whole);
  // What a process that is killed leaves behind: some shards, some labels, no manifest; or a manifest and the collected folder.
  const states: ((dir: string) => void)[] = [
    (dir) => cpSync(join(whole, "data"), join(dir, "data"), { recursive: true }),
    (dir) => {
      cpSync(join(whole, "data"), join(dir, "data"), { recursive: true });
      writeFileSync(join(dir, "data", readdirSync(join(dir, "data"))[0]), "half");
    },
    (dir) => {
      cpSync(whole, dir, { recursive: true });
      rmSync(join(dir, "dataset.json"));
      writeFileSync(join(dir, "dataset.json.tmp"), "{");
    },
    (dir) => cpSync(whole, dir, { recursive: true }),
    (dir) => {
      cpSync(whole, dir, { recursive: true });
      rmSync(join(dir, "collecting", "data"), { recursive: true });
    },
  ];
  for (const state of states) {
    const dir = copy();
    state(dir);
    expect(await finishDataset(dir, headOf(SPEC, id), { subsample })).toEqual(expected);
    expect(await dataRows(dir)).toEqual(rows);
    expect(existsSync(join(dir, "collecting"))).toBe(false);
  }
});

test("a damaged shard, a label of other rows and an empty folder are refused, and nothing collected is lost", async () => {
  const truncated = copy();
  const shard = listShards(join(truncated, "collecting"))[1].path;
  const bytes = readFileSync(shard);
  writeFileSync(shard, bytes.subarray(0, bytes.length / 2));
  for (const subsample of [undefined, 2]) {
    const refused = finishDataset(truncated, headOf(SPEC, id), { subsample });
    await expect(refused).rejects.toMatchObject({ reason: expect.stringMatching(/^(DATASET|LOG)_CORRUPT$/) });
  }
  expect(existsSync(join(truncated, "dataset.json"))).toBe(false);
  writeFileSync(shard, bytes);
  await finishDataset(truncated, headOf(SPEC, id), { subsample: 2 });

  const misaligned = copy();
  const [a, b] = listShards(join(misaligned, "collecting"));
  const labels = join(misaligned, "collecting/labels/made-up");
  cpSync(join(labels, a.name), join(labels, b.name));
  for (const subsample of [undefined, 2]) {
    const refused = finishDataset(misaligned, headOf(SPEC, id), { subsample });
    await expect(refused).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
  }
  const empty = finishDataset(join(temporary.path, "nothing"), headOf(SPEC, id), { subsample: undefined });
  await expect(empty).rejects.toMatchObject({ reason: "NOT_A_DATASET" });
});

test("a manifest that is missing, garbled or of a later version says so", async () => {
  const dir = copy();
  const reason = () => {
    try {
      readDatasetManifest(dir);
      return "";
    } catch (error) {
      return `${(error as { reason: string }).reason}: ${(error as Error).message}`;
    }
  };
  expect(reason()).toMatch(/^NOT_A_DATASET: .* is not finished: `icrl dataset collect SPEC --out /);
  const manifest = await finishDataset(dir, headOf(SPEC, id), { subsample: undefined });
  const path = join(dir, "dataset.json");
  writeFileSync(path, readFileSync(path, "utf8").slice(0, 500));
  expect(reason()).toMatch(/^DATASET_CORRUPT: .*dataset\.json is not JSON/);
  writeFileSync(path, "null");
  expect(reason()).toMatch(/^DATASET_CORRUPT: .*it is null, expected an object/);
  writeFileSync(path, JSON.stringify({ ...manifest, shards: undefined }));
  expect(reason()).toMatch(/^DATASET_CORRUPT: .*shards is missing/);
  writeFileSync(path, JSON.stringify({ ...manifest, schema_version: DATASET_SCHEMA_VERSION + 1 }));
  expect(reason()).toMatch(/^DATASET_TOO_NEW: .*schema_version 4, .* reads 3: install a newer one/);
  rmSync(path);
  expect(reason()).toMatch(/^NOT_A_DATASET: .* has data\/ and no dataset\.json/);
});
