import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { datasetHead } from "#icrl/datasets/read/dataset-head.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { verifyDataset } from "#icrl/datasets/verify/verify-dataset.js";
import { dataRows } from "../../support/dataset.js";
import { importedForTest, importedTrial, writeImported } from "../../support/imported.js";
import { tempDir } from "../../support/temp-dir.js";

const replay = () => "was played again";

test("an imported trial is rows of our schema, in which nothing stands that nobody knows", async () => {
  const { dir } = await importedForTest();
  const rows = await dataRows(dir);
  expect(rows.length).toBe(40); // by hand: 20 trials of 2 episodes
  const [first, second] = rows;
  expect(first).toMatchObject({
    schema_version: 3,
    trial_index: 0n,
    episode_index: 0,
    task_id: "imported",
    task: "imported",
    agent: "imported",
    length: 3,
    complete: true,
    terminated: true,
    truncated: false,
    end_reason: "done",
    return: 1.5,
    privileged: false,
    tags: '{"file":"data.pkl","entry":"0"}',
    observations: Int32Array.of(0, 1, 2, 3),
    actions: Int32Array.of(0, 1, 2),
    rewards: Float32Array.of(0.5, 0, 1),
  });
  expect(second).toMatchObject({
    episode_id: `${first.trial_id}-1`,
    length: 1,
    complete: false,
    truncated: true,
    end_reason: "CUT_OFF",
    observations: Int32Array.of(3, -1),
  });
  for (const name of ["task_seed", "noise_seed", "series_seed", "regret", "regrets", "optimal_actions"] as const) {
    expect(first[name], name).toBeNull();
  }
  for (const name of ["optimal_value", "propensities", "probabilities", "step_features", "purpose"] as const) {
    expect(first[name], name).toBeNull();
  }
});

test("the manifest says what it was made of, and that the truth is not known", async () => {
  const { dir, manifest } = await importedForTest();
  expect(readDatasetManifest(dir)).toEqual(manifest);
  expect(manifest).toMatchObject({
    made_by: "import",
    made_with: { format: "dpt", files: [{ name: "data.pkl", bytes: 1, sha256: "0".repeat(64) }] },
    truth_known: false,
    seed: null,
    trials: 20,
    episodes: 40,
    steps: 80,
    tasks: [{ id: "imported", num_actions: 3, horizon: 3, episodes_per_trial: 2, steps_per_trial: 4 }],
    behaviours: [{ name: "imported", agent: "imported", trials: 20 }],
  });
  expect(Object.keys(manifest.labels)).toEqual(["self", "expert"]);
  const [, { labels }] = await datasetHead(dir, 2);
  expect(labels).toEqual({
    self: { actions: [1], probabilities: null },
    expert: { actions: [1], probabilities: null },
  });
});

test("without labels there is no folder of them", async () => {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const dir = join(temporary.path, "theirs");
  const { labels } = await writeImported(dir, [importedTrial(0, { label: undefined })]);
  expect(Object.keys(labels)).toEqual(["self"]);
  expect(existsSync(join(dir, "labels"))).toBe(false);
});

test("verifying looks at everything but what is played again", async () => {
  const { dir } = await importedForTest();
  const report = await verifyDataset(dir, { sample: 1000, seed: 0n, replay });
  expect(report).toMatchObject({ episodes: 40, steps: 80, labels: 1, replayed: 0, problems: [] });
});

test("verifying finds actions and labels that are none of the task's", async () => {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const wrong = [
    importedTrial(0, { actions: Int32Array.of(0, 1, 3, 1) }),
    importedTrial(1, { label: Int32Array.of(0, -2, 0, 0) }),
  ];
  await writeImported(join(temporary.path, "theirs"), wrong);
  const { problems } = await verifyDataset(join(temporary.path, "theirs"), { sample: 0, seed: 0n, replay });
  expect(problems.map(({ problem }) => problem)).toEqual([
    "action 2 is 3, outside [0, 3)",
    "label expert: action 1 is -2, outside [-1, 3)",
  ]);
});

test("whoever reads a part of a split by instances is told that there are none", async () => {
  const { dir } = await importedForTest();
  const split = { parts: { a: 0.5, b: 0.5 }, seed: 0n, part: "a" };
  const reading = readDataset(dir, { columns: ["actions"], split }).next();
  await expect(reading).rejects.toMatchObject({ reason: "TRUTH_UNKNOWN" });
});

test("what an import may leave out, a dataset of ours may not", async () => {
  const { dir, manifest } = await importedForTest();
  writeFileSync(join(dir, "dataset.json"), JSON.stringify({ ...manifest, truth_known: true }));
  const { problems } = await verifyDataset(dir, { sample: 0, seed: 0n, replay });
  expect(problems.slice(0, 2).map(({ problem }) => problem)).toEqual([
    "label expert: action 0 is -1, outside [0, 3)",
    "is not complete: datasets hold complete trials",
  ]);
});

test("its card says where it is from, and what is not known", async () => {
  const { dir } = await importedForTest();
  const card = readFileSync(join(dir, "README.md"), "utf8");
  expect(card).toContain("imported by `icrl`");
  expect(card).toContain("Who acted is not known.");
  expect(card).toContain(
    "| `expert` | `labels/expert/*.parquet` | what came with the data; it is not known who that was |",
  );
  expect(card).toContain("The truth of its instances is not known");
  expect(card).not.toMatch(/plays episodes again|`optimal` \|/);
});
