import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import type { ExportFormat } from "#icrl/datasets/export/export-format.js";
import { float32Text } from "#icrl/datasets/export/float32-text.js";
import { FORMATS } from "#icrl/datasets/export/formats.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { queryLog } from "#icrl/datasets/log/query-log.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { type ExportReport, type ExportRequest, exportDataset } from "#icrl/datasets/rewrite/export-dataset.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { dataRows, madeUpLabel, makeDataset, writeLabel } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

/** Every kind of observation: nothing beside fixed arms, a state, a box; several episodes and several behaviours. */
const SPEC: CollectionSpec = {
  name: "three kinds",
  seed: 11n,
  tasks: [
    { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 12 }, trials: 12 },
    { id: "river", task: "river-swim", options: { states: 4, horizon: 6, episodes: 4 }, trials: 12 },
    { id: "fresh", task: "linear-bandit", options: { dim: 3, actions: 2, horizon: 5, arm_set: "fresh" }, trials: 6 },
  ],
  behaviours: [
    { name: "uniform", agent: "uniform", options: {}, weight: 2 },
    { name: "noisy", agent: "oracle-noise", options: {}, weight: 1 },
  ],
};

const temporary = tempDir();
const dir = join(temporary.path, "set");
let rows: TrajectoryRow[];
let outs = 0;

beforeAll(async () => {
  await makeDataset(dir, SPEC);
  rows = await dataRows(dir);
});
afterAll(() => temporary.remove());

/** A path where nothing is. */
function newPath(name = "out-v0"): string {
  outs += 1;
  return join(temporary.path, `export-${outs}`, name);
}

/** Formats that hold tasks of one kind. */
const ONE_KIND: readonly string[] = ["minari", "dpt-pickle", "ad-hdf5"];

type Change = Partial<Omit<ExportRequest, "format">>;

function request(format: string, change: Change = {}): ExportRequest {
  return {
    format: FORMATS.find(({ name }) => name === format) as ExportFormat,
    out: newPath(),
    label: undefined,
    task: ONE_KIND.includes(format) ? "river" : undefined,
    every: undefined,
    options: {},
    overwrite: false,
    ...change,
  };
}

const run = (format: string, change: Change = {}): Promise<ExportReport> => exportDataset(dir, request(format, change));

/** Rows of a Parquet export as objects. Lists are arrays, uint64 decimal texts. */
async function parquetRows(out: string): Promise<Record<string, unknown>[]> {
  const { columns, rows } = await queryLog(dir, `SELECT * FROM '${out}/data/*.parquet'`, true);
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
}

const numbers = (list: ArrayLike<number> | null): number[] | null => (list === null ? null : Array.from(list));
const taskOf = (row: TrajectoryRow): string => row.task_id;

/** Rows by trial, in order. */
function trials(of = rows): TrajectoryRow[][] {
  const byTrial = new Map<string, TrajectoryRow[]>();
  for (const row of of) byTrial.set(row.trial_id, [...(byTrial.get(row.trial_id) ?? []), row]);
  return [...byTrial.values()];
}

/** Hashes of all files of a file or folder, by their names. */
function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [file.slice(path.length), createHash("sha256").update(readFileSync(file)).digest("hex")];
    }),
  );
}

test("the fixture has what the formats differ in", () => {
  // by hand: 12 bandit episodes, 12 x 4 of the river, 6 with fresh arms
  expect(rows.length).toBe(12 + 48 + 6);
  expect(new Set(rows.map(taskOf))).toEqual(new Set(["linear", "river", "fresh"]));
});

describe("jsonl", () => {
  test("a line is a row with every column: nothing is lost", async () => {
    const { out, rows: lines, files } = await run("jsonl", { label: "made-up" });
    const parsed = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([lines, files, parsed.length]).toEqual([rows.length, 1, rows.length]);
    for (const [i, row] of rows.entries()) {
      const found = parsed[i];
      for (const { name, type } of TRAJECTORY_COLUMNS) {
        const value = row[name];
        if (value === null) expect(found[name]).toBeNull();
        else if (type === "uint64") expect(found[name]).toBe(String(value));
        else if (type === "timestamp") expect(Date.parse(found[name])).toBe(value);
        else if (type === "list<int32>") expect(Int32Array.from(found[name])).toEqual(value);
        else if (type.startsWith("list<float32"))
          expect(Float32Array.from(found[name], (item: number | null) => item ?? Number.NaN)).toEqual(value);
        else if (typeof found[name] === "object") expect(found[name]).toEqual(JSON.parse(value as string));
        else expect(found[name]).toBe(value);
      }
      const label = madeUpLabel(row);
      expect(found.label).toBe("made-up");
      expect(found.label_actions).toEqual(label.actions);
      expect(found.label_probabilities).toEqual(label.probabilities);
    }
    expect(Object.keys(parsed[0]).slice(0, TRAJECTORY_COLUMNS.length)).toEqual(TRAJECTORY_COLUMNS.map((c) => c.name));
  });

  test("without a label there are no label columns", async () => {
    const { out } = await run("jsonl");
    expect(readFileSync(out, "utf8")).not.toContain('"label');
  });
});

describe("float32 as text", () => {
  test("is the shortest decimal of a float32", () => {
    // by hand: a tenth in float32; the smallest normal and the largest float32 (IEEE 754)
    expect(float32Text(Math.fround(0.1))).toBe("0.1");
    expect(float32Text(Math.fround(0.005))).toBe("0.005");
    expect(float32Text(2)).toBe("2");
    expect(float32Text(1.1754943508222875e-38)).toBe("1.1754944e-38");
    expect(Math.fround(Number(float32Text(3.4028234663852886e38)))).toBe(3.4028234663852886e38);
    expect([float32Text(Number.NaN), float32Text(Number.POSITIVE_INFINITY)]).toEqual(["", ""]);
  });

  test("reads as the same float32, and has at most nine digits", () => {
    const rng = rngFromSeed(1n);
    for (let i = 0; i < 20_000; i += 1) {
      const value = Math.fround(rng.normal() * 10 ** (rng.integer(60) - 30));
      const text = float32Text(value);
      expect(Math.fround(Number(text))).toBe(value);
      expect(
        text
          .replace(/e.*/, "")
          .replace(/^-?0?\.?0*/, "")
          .replace(".", "")
          .replace(/0+$/, "").length,
      ).toBeLessThan(10);
    }
  });
});

describe("csv", () => {
  test("a row is a step; features are those of the arm that was played", async () => {
    const { out, rows: count } = await run("csv", { label: "optimal" });
    const [header, ...lines] = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(header).toEqual([
      ..."episode_id,task,behaviour,trial_index,episode,step,observation,action,reward,propensity,regret".split(","),
      // by hand: the widest arm of the three tasks has 3 features
      ..."optimal_action,label_action,feature_0,feature_1,feature_2".split(","),
    ]);
    expect([count, lines.length]).toEqual([lines.length, rows.reduce((sum, { length }) => sum + length, 0)]);
    let at = 0;
    for (const row of rows) {
      for (let t = 0; t < row.length; t += 1, at += 1) {
        const cells = Object.fromEntries(header.map((name, i) => [name, lines[at][i]]));
        expect(cells).toMatchObject({
          episode_id: row.episode_id,
          task: taskOf(row),
          behaviour: row.behaviour_component,
          trial_index: String(row.trial_index),
          episode: String(row.episode_index),
          step: String(t),
          observation: row.observations === null ? "" : String(row.observations[t]),
          action: String(row.actions[t]),
          optimal_action: String(row.optimal_actions?.[t]),
          label_action: String(row.optimal_actions?.[t]),
        });
        expect(Math.fround(Number(cells.reward))).toBe(row.rewards[t]);
        expect(Math.fround(Number(cells.propensity))).toBe(row.propensities?.[t]);
        expect(Math.fround(Number(cells.regret))).toBe(row.regrets?.[t]);
        const features = [cells.feature_0, cells.feature_1, cells.feature_2];
        const arm = row.actions[t];
        const seen = row.step_features?.subarray(6 * t + 3 * arm, 6 * t + 3 * arm + 3); // [2 x 3] a step
        const fixed = row.trial_features?.subarray(2 * arm, 2 * arm + 2); // [4 x 2]
        const wanted = numbers(seen ?? fixed ?? new Float32Array(0)) as number[];
        expect(features.filter((text) => text !== "").map((text) => Math.fround(Number(text)))).toEqual(wanted);
      }
    }
  });
});

describe("ad", () => {
  test("a row is a trial's history: its episodes in order, one after the other", async () => {
    const { out, rows: count, trials: played } = await run("ad");
    const found = await parquetRows(out);
    expect([count, played, found.length]).toEqual([30, 30, 30]);
    for (const [i, episodes] of trials().entries()) {
      const [first] = episodes;
      const of = <T>(list: (row: TrajectoryRow) => ArrayLike<T>): T[] =>
        episodes.flatMap((row) => Array.from(list(row)));
      expect(found[i]).toMatchObject({
        trial_id: first.trial_id,
        trial_index: String(first.trial_index),
        task: taskOf(first),
        behaviour: first.behaviour_component,
        length: episodes.reduce((sum, { length }) => sum + length, 0),
        episodes: of((row) => Array(row.length).fill(row.episode_index)),
        steps: of((row) => Array.from({ length: row.length }, (_, t) => t)),
        dones: of((row) => Array.from({ length: row.length }, (_, t) => Number(t === row.length - 1))),
        observations: first.observations && of((row) => row.observations?.subarray(0, row.length) ?? []),
        step_features: first.step_features && of((row) => row.step_features ?? []),
        actions: of((row) => row.actions),
        rewards: of((row) => row.rewards),
        propensities: of((row) => row.propensities ?? []),
        label_actions: of((row) => row.actions),
        label_probabilities: null,
        action_set: numbers(first.trial_features),
      });
      expect(found[i].return).toBeCloseTo(
        episodes.reduce((sum, row) => sum + row.return, 0),
        9,
      );
      expect(found[i].regret).toBeCloseTo(
        episodes.reduce((sum, row) => sum + (row.regret ?? Number.NaN), 0),
        9,
      );
    }
  });

  test("takes an expert's actions and, where it gives them for the whole trial, probabilities as the label", async () => {
    const { out } = await run("ad", { label: "made-up" });
    for (const [i, found] of (await parquetRows(out)).entries()) {
      const labels = trials()[i].map((row) => madeUpLabel(row));
      expect(found.label_actions).toEqual(labels.flatMap(({ actions }) => actions));
      const whole = labels.every(({ probabilities }) => probabilities !== null);
      expect(found.label_probabilities).toEqual(whole ? labels.flatMap(({ probabilities }) => probabilities) : null);
    }
  });

  test("--every keeps every k-th episode as they were played", async () => {
    const { out } = await run("ad", { every: 3, task: "river" });
    const found = await parquetRows(out);
    // by hand: of episodes 0, 1, 2, 3 every third
    for (const row of found) expect([...new Set(row.episodes as number[])]).toEqual([0, 3]);
    expect(found.length).toBe(12);
  });

  test("a subsampled dataset allows multiples of what was kept", async () => {
    const other = join(temporary.path, "subsampled");
    await makeDataset(other, { ...SPEC, tasks: [SPEC.tasks[1]] }, { subsample: 2, labels: [] });
    await expect(exportDataset(other, request("ad", { every: 3 }))).rejects.toMatchObject({
      reason: "EXPORT_UNSUPPORTED",
    });
    const { episodes } = await exportDataset(other, request("ad", { every: 4 }));
    expect(episodes).toBe(12);
  });

  test("export.json says what it was made from and what the columns mean", async () => {
    const { out } = await run("ad", { label: "made-up", task: "linear" });
    const about = JSON.parse(readFileSync(join(out, "export.json"), "utf8"));
    expect(about).toMatchObject({ format: "ad", label: "made-up", rows: 12, dataset: { name: "three kinds" } });
    expect(about.tasks.map((task: { id: string }) => task.id)).toEqual(["linear"]);
    expect(about.files).toMatchObject([{ file: "data/ad-000000000000.parquet", rows: 12 }]);
    expect(about.columns.find((column: { name: string }) => column.name === "dones").meaning).toMatch(/episode ends/);
  });
});

describe("dpt", () => {
  const QUERIES = 5;

  for (const context of ["whole", "prefix"] as const) {
    test(`context ${context}: a query is a step of the trial, its label and its context are the trial's`, async () => {
      const { out, rows: count } = await run("dpt", { options: { queries: QUERIES, context } });
      const found = await parquetRows(out);
      expect([count, found.length]).toEqual([30 * QUERIES, 30 * QUERIES]);
      for (const [i, row] of found.entries()) {
        const episodes = trials()[Math.floor(i / QUERIES)];
        const [first] = episodes;
        const all = <T>(list: (episode: TrajectoryRow) => ArrayLike<T>): T[] =>
          episodes.flatMap((episode) => Array.from(list(episode)));
        const episode = episodes[row.query_episode as number];
        const step = row.query_step as number;
        const before = (row.query_episode as number) * first.length + step; // all episodes here have one length
        const n = context === "whole" ? first.length * episodes.length : before;
        expect(row).toMatchObject({
          trial_id: first.trial_id,
          query_index: i % QUERIES,
          context_length: n,
          context_actions: all((e) => e.actions).slice(0, n),
          context_rewards: all((e) => e.rewards).slice(0, n),
          context_observations: first.observations && all((e) => e.observations?.slice(0, -1) ?? []).slice(0, n),
          context_next_observations: first.observations && all((e) => e.observations?.slice(1) ?? []).slice(0, n),
          context_steps: all((e) => Array.from(e.actions, (_, t) => t)).slice(0, n),
          context_features: first.step_features && all((e) => e.step_features ?? []).slice(0, 6 * n), // [2 x 3] a step
          query_observation: episode.observations?.[step] ?? null,
          query_features: numbers(episode.step_features?.slice(6 * step, 6 * step + 6) ?? null),
          optimal_action: episode.optimal_actions?.[step],
          label_action: episode.optimal_actions?.[step],
          action_set: numbers(first.trial_features),
        });
      }
    });
  }

  test("the label is an expert's where that is asked for; the best action stays beside it", async () => {
    const { out } = await run("dpt", { label: "made-up", task: "linear" });
    const linear = rows.filter((row) => taskOf(row) === "linear");
    for (const [i, found] of (await parquetRows(out)).entries()) {
      const { actions, probabilities } = madeUpLabel(linear[i]);
      const step = found.query_step as number;
      expect(found.label_action).toBe(actions[step]);
      expect(found.label_probabilities).toEqual(probabilities?.slice(4 * step, 4 * step + 4));
      expect(found.optimal_action).toBe(linear[i].optimal_actions?.[step]);
    }
  });

  test("queries are drawn by seed and trial alone", async () => {
    const drawn = async ({ seed, ...change }: Change & { readonly seed?: bigint }) => {
      const found = await parquetRows((await run("dpt", { options: { queries: 3, seed }, ...change })).out);
      return found.map((row) => `${row.trial_id} ${row.query_index} ${row.query_episode} ${row.query_step}`);
    };
    const all = await drawn({});
    const river = await drawn({ task: "river" });
    expect(river.length).toBe(36);
    expect(all).toEqual(expect.arrayContaining(river));
    expect(await drawn({ seed: 1n })).not.toEqual(all);
  });

  test("queries are uniform over a trial's steps", async () => {
    const found = await parquetRows(
      (await run("dpt", { options: { queries: 400, context: "prefix" }, task: "linear" })).out,
    );
    const counts = new Array(12).fill(0);
    for (const row of found) counts[row.query_step as number] += 1;
    // 12 x 400 draws from 12 steps: 400 each, standard deviation 19.1; five of them
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(96);
  });
});

describe("minari", () => {
  test("an episode is T + 1 records, ends at the last step, and its metadata is exact", async () => {
    const {
      out,
      rows: count,
      files,
    } = await run("minari", { label: "made-up", options: { author: ["A", "B"], codePermalink: "https://c" } });
    const river = rows.filter((row) => taskOf(row) === "river");
    // by hand: two files an episode, and the dataset's metadata
    expect([count, files]).toEqual([48, 97]);
    for (const [i, row] of river.entries()) {
      const table = tableFromIPC(readFileSync(join(out, "data", String(i), "part-0.arrow")));
      const column = (name: string) => Array.from(table.getChild(name) ?? []);
      const T = row.length;
      const big = (list: ArrayLike<number>) => Array.from(list, BigInt);
      expect(table.batches.length).toBe(1); // Minari takes one batch for one episode
      expect(column("observations")).toEqual(big(row.observations as Int32Array));
      expect(column("actions")).toEqual([...big(row.actions), 0n]);
      expect(column("rewards")).toEqual([...row.rewards, 0]);
      expect(column("terminations")).toEqual(Array.from({ length: T + 1 }, (_, t) => t === T - 1));
      expect(column("truncations")).toEqual(Array(T + 1).fill(false));
      const infos = column("infos").map((info) => info.toJSON());
      expect(infos[0]).toEqual({ propensity: Number.NaN, regret: Number.NaN, optimal_action: -1n, label_action: -1n });
      expect(infos.slice(1).map((info) => info.regret)).toEqual(numbers(row.regrets));
      expect(infos.slice(1).map((info) => info.propensity)).toEqual(numbers(row.propensities));
      expect(infos.slice(1).map((info) => info.optimal_action)).toEqual(big(row.optimal_actions as Int32Array));
      expect(infos.slice(1).map((info) => info.label_action)).toEqual(big(madeUpLabel(row).actions));
      const metadata = readFileSync(join(out, "data", String(i), "metadata.json"), "utf8");
      expect(metadata).toContain(`"seed": ${row.task_seed},`);
      expect(JSON.parse(metadata)).toMatchObject({
        id: i,
        total_steps: T,
        episode_id: row.episode_id,
        return: row.return,
      });
    }
    expect(JSON.parse(readFileSync(join(out, "data/metadata.json"), "utf8"))).toMatchObject({
      dataset_id: "out-v0",
      total_episodes: 48,
      total_steps: 48 * 6,
      author: ["A", "B"],
      code_permalink: "https://c",
      observation_space: '{"type":"Discrete","dtype":"int64","start":0,"n":4}',
      action_space: '{"type":"Discrete","dtype":"int64","start":0,"n":2}',
    });
  });

  test("tasks of different spaces do not fit into one dataset", async () => {
    await expect(run("minari", { task: undefined })).rejects.toMatchObject({
      reason: "EXPORT_UNSUPPORTED",
      message: expect.stringMatching(/"linear" and "(river|fresh)" differ.*--task/),
    });
  });

  test("a name without a version is refused, with one that would do", async () => {
    const out = newPath("nameless");
    await expect(run("minari", { out })).rejects.toMatchObject({
      reason: "EXPORT_UNSUPPORTED",
      message: expect.stringContaining("three-kinds-v0"),
    });
  });
});

for (const { name: format } of FORMATS) {
  test(`${format}: the same dataset gives the same bytes`, async () => {
    const a = await run(format, { options: { queries: 2, context: "prefix" }, label: "made-up" });
    const b = await run(format, { options: { queries: 2, context: "prefix" }, label: "made-up" });
    expect(contents(join(a.out, ".."))).toEqual(contents(join(b.out, "..")));
    expect(Object.keys(contents(join(a.out, ".."))).length).toBe(a.files);
  });

  test(`${format}: what is there stays, unless an export of that format may be replaced`, async () => {
    const { out } = await run(format, { label: "made-up" });
    const before = contents(join(out, ".."));
    await expect(run(format, { out })).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
    expect(contents(join(out, ".."))).toEqual(before);
    await run(format, { out, overwrite: true, label: "made-up", every: 2 });
    expect(contents(join(out, ".."))).not.toEqual(before);
    const mine = newPath();
    mkdirSync(mine, { recursive: true });
    writeFileSync(join(mine, "precious"), "mine");
    await expect(run(format, { out: mine, overwrite: true })).rejects.toMatchObject({ reason: "OUTPUT_EXISTS" });
    expect(readFileSync(join(mine, "precious"), "utf8")).toBe("mine");
  });

  test(`${format}: a dataset that cannot be read to its end leaves nothing behind`, async () => {
    const broken = join(temporary.path, `broken-${format}`);
    cpSync(dir, broken, { recursive: true });
    truncateSync(listShards(broken).at(-1)?.path as string, 1000);
    const out = newPath();
    await expect(exportDataset(broken, request(format, { out }))).rejects.toMatchObject({ reason: "LOG_CORRUPT" });
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(join(out, ".."))).toEqual([]);
  });

  test(`${format}: unknown labels and tasks are refused with those there are`, async () => {
    await expect(run(format, { label: "nobody" })).rejects.toMatchObject({
      reason: "LABEL_UNKNOWN",
      message: expect.stringContaining("self, optimal, made-up"),
    });
    await expect(run(format, { task: "nothing" })).rejects.toMatchObject({
      reason: "SELECTION_EMPTY",
      message: expect.stringContaining("linear, river, fresh"),
    });
  });
}

test("a folder that is no dataset is refused", async () => {
  await expect(exportDataset(temporary.path, request("csv"))).rejects.toMatchObject({ reason: "NOT_A_DATASET" });
});

test("a label of another length than its episode is corrupt", async () => {
  const other = join(temporary.path, "mislabelled");
  cpSync(dir, other, { recursive: true });
  await writeLabel(other, "made-up", (row) => ({ ...madeUpLabel(row), actions: [0] }));
  await expect(exportDataset(other, request("ad", { label: "made-up" }))).rejects.toMatchObject({
    reason: "DATASET_CORRUPT",
    message: expect.stringMatching(/1 actions for 12 steps/),
  });
});
