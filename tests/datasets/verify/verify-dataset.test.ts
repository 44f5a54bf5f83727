import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RecordBatch, tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashFile } from "#icrl/datasets/files/durable-file.js";
import { encodeParquet } from "#icrl/datasets/files/encode-parquet.js";
import { type DatasetManifest, readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { queryDataset } from "#icrl/datasets/folder/dataset-sql.js";
import { describeMixture } from "#icrl/datasets/folder/describe-mixture.js";
import { batchBuilder } from "#icrl/datasets/log/batch-builder.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { readShards } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { verifyDataset } from "#icrl/datasets/verify/verify-dataset.js";
import { createReplay } from "#icrl/server/trajectories/replay.js";
import { madeUpLabel, makeDataset, writeLabel } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
const whole = join(temporary.path, "set");
let manifest: DatasetManifest;
/** Those of the second shard. */
const shardRows: TrajectoryRow[] = [];
beforeAll(async () => {
  manifest = await makeDataset(whole);
  const [, { path }] = listShards(whole);
  for await (const row of readShards([path])) shardRows.push(row);
});
afterAll(() => temporary.remove());

let copies = 0;
function copy(): string {
  const dir = join(temporary.path, `copy-${copies++}`);
  cpSync(whole, dir, { recursive: true });
  return dir;
}

const verify = (dir: string, sample = Number.POSITIVE_INFINITY) =>
  verifyDataset(dir, { sample, seed: 0n, replay: createReplay() });

/** What is wrong with a dataset, as texts. */
const problemsOf = async (dir: string, sample?: number) =>
  (await verify(dir, sample)).problems.map(({ problem }) => problem);

/** Makes the manifest agree with the files again, as somebody would who knows how. */
async function hashAnew(dir: string): Promise<void> {
  const { shards, labels, ...rest } = readDatasetManifest(dir);
  const again = (list: typeof shards) =>
    Promise.all(list.map(async (shard) => ({ ...shard, ...(await hashFile(join(dir, shard.file))) })));
  const label = labels["made-up"] as { shards: typeof shards };
  const written = {
    ...rest,
    shards: await again(shards),
    labels: { ...labels, "made-up": { ...label, shards: await again(label.shards) } },
  };
  writeFileSync(join(dir, "dataset.json"), JSON.stringify(written));
}

/** A copy whose second shard's rows were changed, with good hashes. */
async function withRows(change: (rows: TrajectoryRow[]) => TrajectoryRow[]): Promise<string> {
  const dir = copy();
  const [, { path }] = listShards(dir);
  const builder = batchBuilder();
  for (const row of change([...shardRows])) builder.append(row);
  writeFileSync(path, encodeParquet(Buffer.concat(builder.finish())));
  await hashAnew(dir);
  return dir;
}

test("a dataset as it was made has no problems; the sample is as large as was asked for", async () => {
  const report = await verify(whole);
  expect(report).toMatchObject({ problems: [], shards: 3, labels: 1, episodes: 100, steps: 720, replayed: 100 });
  expect((await verify(whole, 17)).replayed).toBe(17);
  expect((await verify(whole, 0)).replayed).toBe(0);
});

test("files that are missing, cut short, changed or not listed are found", async () => {
  const dir = copy();
  const [a, b, c] = listShards(dir);
  const bytes = readFileSync(a.path);
  writeFileSync(a.path, bytes.subarray(0, bytes.length - 100));
  const flipped = readFileSync(b.path);
  flipped[flipped.length >> 1] ^= 4;
  writeFileSync(b.path, flipped);
  rmSync(c.path);
  writeFileSync(join(dir, "data/trajectories-9.parquet"), bytes);
  rmSync(join(dir, "labels/made-up", a.name));
  const found = await problemsOf(dir);
  expect(found.toSorted()).toEqual([
    expect.stringMatching(/^has \d+ bytes, and \d+ were written/),
    expect.stringMatching(/^has sha256 .* bytes were changed; its episodes were not looked at/),
    "is in dataset.json and is missing",
    "is in dataset.json and is missing",
    "is not in dataset.json",
  ]);
});

test("reading a shard that is cut short is LOG_CORRUPT, SQL over it DATASET_CORRUPT", async () => {
  const dir = copy();
  const [first] = listShards(dir);
  writeFileSync(first.path, readFileSync(first.path).subarray(0, 1000));
  const read = async () => {
    for await (const batch of readDataset(dir, { columns: ["actions"] })) expect(batch.rows).toBeGreaterThan(0);
  };
  await expect(read()).rejects.toMatchObject({ reason: "LOG_CORRUPT", metadata: { file: first.path } });
  await expect(describeMixture(dir)).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
});

test("an edited reward is found by the replay, also where the hash was made right", async () => {
  const dir = await withRows((rows) =>
    rows.map((row, i) => {
      if (i !== 3) return row;
      const rewards = row.rewards.slice();
      rewards[2] = rewards[2] === 0 ? 0.5 : rewards[2] / 2;
      let sum = 0;
      for (const reward of rewards) sum += reward;
      return { ...row, rewards, return: sum };
    }),
  );
  expect(await problemsOf(dir)).toEqual([expect.stringMatching(/^reward 2 is .*, replay gives/)]);
  expect(await problemsOf(dir, 0)).toEqual([]);
});

test("what contradicts the task or the row is found without a replay, of each row what is wrong with it", async () => {
  const changes: readonly (readonly [(row: TrajectoryRow) => Partial<TrajectoryRow>, RegExp])[] = [
    [(row) => ({ actions: row.actions.map(() => 99) }), /^action 0 is 99, outside \[0, [24]\)$/],
    [(row) => ({ optimal_actions: row.actions.map(() => -1) }), /^optimal action 0 is -1, outside/],
    [(row) => ({ propensities: row.rewards.map(() => 0) }), /^propensity 0 is 0, outside \(0, 1\]$/],
    [(row) => ({ rewards: row.rewards.slice(1) }), /^rewards has \d+ items for \d+ steps$/],
    [() => ({ complete: false, truncated: true }), /^is not complete/],
    [() => ({ task_id: "chess" }), /^is of task "chess", which dataset\.json does not list$/],
  ];
  const dir = await withRows((rows) => rows.map((row, i) => ({ ...row, ...changes[i]?.[0](row) })));
  expect(await problemsOf(dir, 0)).toEqual(changes.map(([, problem]) => expect.stringMatching(problem)));
});

test("a reward outside the task's bounds is found without a replay", async () => {
  let changed = false;
  const dir = await withRows((rows) =>
    rows.map((row) => {
      if (changed || row.task !== "random-mdp") return row;
      changed = true;
      return { ...row, rewards: row.rewards.map(() => 7), return: 7 * row.length };
    }),
  );
  expect(await problemsOf(dir, 0)).toEqual([expect.stringMatching(/^reward 0 is 7, outside \[0, 1\]$/)]);
});

test("episodes that are out of order, twice there or torn from their trial are found", async () => {
  const inOrder = (rows: TrajectoryRow[]) => rows.findIndex((row) => row.episode_index === 1);
  const withoutLabels = async (change: (rows: TrajectoryRow[]) => TrajectoryRow[]) => {
    const dir = await withRows(change);
    rmSync(join(dir, "labels"), { recursive: true });
    writeFileSync(join(dir, "dataset.json"), JSON.stringify({ ...readDatasetManifest(dir), labels: {} }));
    return problemsOf(dir, 0);
  };
  const swapped = await withoutLabels((rows) => {
    const i = inOrder(rows);
    [rows[i], rows[i - 1]] = [rows[i - 1], rows[i]];
    return rows;
  });
  expect(swapped).toEqual([expect.stringMatching(/^follows episode 1 of its trial/)]);
  const twice = await withoutLabels((rows) => [...rows.slice(1), rows[rows.length - 1]]);
  expect(twice).toEqual([expect.stringMatching(/^follows episode \d of its trial/)]);
  const torn = await withoutLabels((rows) => [...rows.slice(0, -1), rows[0]].toSpliced(0, 1, rows[rows.length - 1]));
  expect(torn).toEqual([expect.stringMatching(/^trial [0-9a-f]{32} does not stand side by side in one shard$/)]);
});

test("what is wrong with each row's label is found", async () => {
  const wrong: readonly (readonly [(row: TrajectoryRow) => ReturnType<typeof madeUpLabel>, RegExp])[] = [
    [(row) => ({ ...madeUpLabel(row), actions: Array.from(row.actions, () => 9) }), /action 0 is 9/],
    [() => ({ actions: [0], probabilities: null }), /has 1 actions for/],
    [
      (row) => ({
        ...madeUpLabel(row),
        probabilities: Array(row.length * (row.task === "random-mdp" ? 2 : 4)).fill(0.3),
      }),
      /probabilities of step 0 add up to/,
    ],
    [(row) => ({ ...madeUpLabel(row), probabilities: [1] }), /has 1 probabilities for/],
  ];
  const dir = copy();
  let labelled = 0;
  await writeLabel(dir, "made-up", (row) => wrong[labelled++ % wrong.length][0](row));
  await hashAnew(dir);
  const found = await problemsOf(dir, 0);
  expect(found.length).toBe(100);
  for (const [i, problem] of found.entries()) expect(problem).toMatch(wrong[i % wrong.length][1]);
});

test("a label of other rows is found, by reading too", async () => {
  const dir = copy();
  const [a, b] = listShards(dir);
  copyFileSync(join(dir, "labels/made-up", a.name), join(dir, "labels/made-up", b.name));
  await hashAnew(dir);
  expect(await problemsOf(dir, 0)).toEqual([expect.stringMatching(/^row \d+ of .* is not that of/)]);
  const read = async () => {
    for await (const batch of readDataset(dir, { columns: [], labels: ["made-up"] }))
      expect(batch.rows).toBeGreaterThan(0);
  };
  await expect(read()).rejects.toMatchObject({ reason: "DATASET_CORRUPT" });
});

test("counts that are not the files' are found", async () => {
  const dir = copy();
  const edited = {
    ...manifest,
    trials: 41,
    tasks: manifest.tasks.map((t) => ({ ...t, episodes: 1, instances: 3 })),
    privileged: false,
  };
  writeFileSync(join(dir, "dataset.json"), JSON.stringify(edited));
  expect(await problemsOf(dir, 0)).toEqual([
    "says 41 trials, and there are 40",
    "says 3 instances of task linear, and there are 20",
    "says 1 episodes of task linear, and there are 20",
    "says 3 instances of task mdp, and there are 20",
    "says 1 episodes of task mdp, and there are 80",
    "says privileged: false, and the data true",
  ]);
});

test("a column that is missing is found", async () => {
  const dir = copy();
  const [{ path }] = listShards(dir);
  const table = tableFromIPC(readParquet(readFileSync(path)).intoIPCStream());
  const { tableToIPC, Table } = await import("apache-arrow");
  const names = table.schema.fields.map(({ name }) => name).filter((name) => name !== "regrets");
  const selected = table.select(names);
  const batches = selected.batches.map((batch) => new RecordBatch(selected.schema, batch.data));
  writeFileSync(path, encodeParquet(tableToIPC(new Table(selected.schema, batches), "stream")));
  await hashAnew(dir);
  expect(await problemsOf(dir, 0)).toEqual(["lacks the column regrets"]);
});

test("SQL sees a view for each label", async () => {
  const sql = (label: string) => `SELECT count(*), count(l.probabilities),
    count(*) FILTER (l.actions = t.actions) FROM trajectories t JOIN "${label}" l USING (episode_id)`;
  const answers = await Promise.all(["self", "optimal", "made-up"].map((name) => queryDataset(whole, sql(name))));
  expect(answers.map(({ rows }) => rows[0])).toEqual([
    [100, 0, 100],
    [100, 0, expect.any(Number)],
    [100, 20, 0],
  ]);
  await expect(queryDataset(whole, "SELECT * FROM nothing")).rejects.toMatchObject({
    reason: "QUERY_INVALID",
    message: expect.stringContaining('the views are "trajectories", "self", "optimal", "made-up"'),
  });
});
