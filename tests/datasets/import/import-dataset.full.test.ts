/** Others' files, written by the libraries that they use, as datasets: read by the real Python package. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { datasetHead } from "#icrl/datasets/read/dataset-head.js";
import { type ImportPlan, importDataset } from "#icrl/jobs/import/import-dataset.js";
import { silent } from "#icrl/jobs/listener.js";
import { pythonWith } from "../../requirements.js";
import { dataRows } from "../../support/dataset.js";
import { icrlHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";

const withTorch = pythonWith(["grpc", "gymnasium", "numpy", "pyarrow", "safetensors", "torch", "yaml"]);
const python = pythonWith(["grpc", "gymnasium", "h5py", "minari", "numpy", "PIL", "pyarrow"]);
const root = join(import.meta.dirname, "../../..");
const temporary = tempDir();
const path = (name: string) => join(temporary.path, name);
const saved = { ...process.env };
let truth: {
  bandit: { actions: number[][]; rewards: number[][]; optimal: number[] };
  darkroom: { states: number[][]; next: number[][]; query: number[]; optimal: number[] };
  xland: { actions: number[][]; expert: number[][]; states: number[][] };
  minari: { steps: number };
};

beforeAll(async () => {
  if (python === undefined) return;
  process.env.ICRL_PYTHON = python;
  process.env.PYTHONPATH = join(root, "clients/python/src");
  await promisify(execFile)(python, [join(root, "tests/python/make_import_fixtures.py"), temporary.path]);
  truth = JSON.parse(readFileSync(path("truth.json"), "utf8"));
});
afterAll(() => {
  process.env.ICRL_PYTHON = saved.ICRL_PYTHON ?? "";
  process.env.PYTHONPATH = saved.PYTHONPATH ?? "";
  temporary.remove();
});

/** Imports by the command, in this process. */
async function imported(format: string, file: string, ...flags: string[]): Promise<DatasetManifest> {
  const out = path(`of-${file}`);
  const line = ["dataset", "import", path(file), "--format", format, "--out", out, "--overwrite", "--json", ...flags];
  const { code, stdout, stderr } = await icrlHere(...line);
  expect(code, stderr).toBe(0);
  const verified = await icrlHere("dataset", "verify", out);
  expect(verified.stdout).toMatch(/^ok: .* problems: 0\n$/);
  return JSON.parse(stdout);
}

/** Rows of a dataset by trial, in order, with what the label says. */
async function trials(file: string): Promise<{ rows: TrajectoryRow[]; label: number[] }[]> {
  const rows = await dataRows(path(`of-${file}`));
  const heads = await datasetHead(path(`of-${file}`), rows.length);
  const found = new Map<string, { rows: TrajectoryRow[]; label: number[] }>();
  for (const [i, row] of rows.entries()) {
    const trial = found.get(row.trial_id) ?? { rows: [], label: [] };
    found.set(row.trial_id, trial);
    trial.rows.push(row);
    trial.label.push(...((heads[i].labels.expert?.actions ?? []) as number[]));
  }
  return [...found.values()];
}

describe.skipIf(python === undefined)("icrl dataset import", () => {
  test("makes of DPT's bandits an episode each, whose every step has the best arm as its label", async () => {
    const manifest = await imported("dpt", "bandit.pkl", "--name", "their bandits");
    expect(manifest).toMatchObject({
      name: "their bandits",
      made_by: "import",
      truth_known: false,
      trials: 400,
      episodes: 400,
      steps: 8000,
      tasks: [{ num_actions: 5, horizon: 20, episodes_per_trial: 1, observation_space: { type: "none" } }],
    });
    const sha256 = createHash("sha256")
      .update(readFileSync(path("bandit.pkl")))
      .digest("hex");
    expect(manifest.made_with).toMatchObject({ format: "dpt", files: [{ name: "bandit.pkl", sha256 }] });
    for (const [i, { rows, label }] of (await trials("bandit.pkl")).entries()) {
      expect(rows.map((row) => Array.from(row.actions))).toEqual([truth.bandit.actions[i]]);
      expect(Array.from(rows[0].rewards)).toEqual(truth.bandit.rewards[i]);
      expect(label).toEqual(Array(20).fill(truth.bandit.optimal[i]));
    }
  });

  test("makes of DPT's rooms an episode of each transition, and one of the query, which has the label", async () => {
    const { tasks } = await imported("dpt", "darkroom.pkl");
    expect(tasks).toMatchObject([
      { num_actions: 5, observation_space: { type: "discrete", n: 16 }, options: { states: [4, 4] } },
    ]);
    for (const [i, { rows, label }] of (await trials("darkroom.pkl")).entries()) {
      const { states, next, query, optimal } = truth.darkroom;
      expect(rows.map((row) => Array.from(row.observations ?? []))).toEqual([
        ...states[i].map((state, t) => [state, next[i][t]]),
        [query[i], -1],
      ]);
      expect(label).toEqual([...Array(25).fill(-1), optimal[i]]);
      expect([rows[25].actions[0], rows[25].rewards[0], rows[25].end_reason]).toEqual([optimal[i], 0, "CUT_OFF"]);
    }
  });

  test("makes of XLand-100B's histories trials of episodes, with views as boxes and the expert's actions as the label", async () => {
    const { tasks } = await imported("ad-hdf5", "xland.hdf5");
    // by hand: 4 episodes of 8 steps, and 8 steps that are cut off
    expect(tasks).toMatchObject([
      { num_actions: 6, horizon: 8, episodes_per_trial: 5, observation_space: { type: "box", shape: [25] } },
    ]);
    const found = await trials("xland.hdf5");
    expect(found.length).toBe(6);
    for (const [i, { rows, label }] of found.entries()) {
      expect(rows.map(({ end_reason }) => end_reason)).toEqual([...Array(4).fill("done"), "CUT_OFF"]);
      expect(rows.flatMap((row) => Array.from(row.actions))).toEqual(truth.xland.actions[i]);
      expect(rows.flatMap((row) => Array.from(row.step_features ?? []))).toEqual(truth.xland.states[i]);
      expect(label).toEqual(truth.xland.expert[i]);
      const group = String(Math.floor(i / 2));
      expect(JSON.parse(rows[0].tags)).toMatchObject({ file: "xland.hdf5", group, "ruleset-id": `10${group}` });
    }
  });

  test("reads a Minari folder, an episode a trial", async () => {
    const manifest = await imported("minari", "minari-v0");
    expect(manifest).toMatchObject({ trials: 30, episodes: 30, steps: truth.minari.steps });
    expect(Object.keys(manifest.labels)).toEqual(["self"]);
    const ends = (await trials("minari-v0")).map(({ rows }) => rows[0].end_reason);
    expect(ends).toEqual(Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? "done" : "TRUNCATED")));
  });

  test("gives the same dataset for the same files, byte for byte", async () => {
    const bytes = () =>
      ["data", "labels/expert"].map((folder) =>
        readdirSync(path(`of-ids.hdf5/${folder}`)).map((name) => readFileSync(path(`of-ids.hdf5/${folder}/${name}`))),
      );
    const first = [await imported("ad-hdf5", "ids.hdf5"), bytes()];
    expect([await imported("ad-hdf5", "ids.hdf5"), bytes()]).toEqual(first);
  });

  test("takes several files as one dataset, and what was imported apart can be merged to the same trials", async () => {
    const line = ["dataset", "import", path("bandit.pkl"), path("more.pkl"), "--format", "dpt", "--json"];
    const { stdout } = await icrlHere(...line, "--out", path("together"));
    expect(JSON.parse(stdout)).toMatchObject({ trials: 500, name: "bandit.pkl" });
    await imported("dpt", "bandit.pkl");
    await imported("dpt", "more.pkl");
    const parts = ["of-bandit.pkl", "of-more.pkl", "together"].map(path);
    const merging = ["dataset", "merge", ...parts, "--out", path("merged"), "--json"];
    expect(JSON.parse((await icrlHere(...merging)).stdout).trials).toBe(500);
  });

  test("runs nothing of a pickle that calls something, and leaves nothing behind", async () => {
    const line = ["dataset", "import", path("attack.pkl"), "--format", "dpt", "--out", path("attacked")];
    const { code, stdout, stderr } = await icrlHere(...line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      `error: IMPORT_INVALID: ${path("attack.pkl")}: it names 'posix.system', which a pickle of arrays`,
    );
    expect(existsSync(path("was-here"))).toBe(false);
    expect(readdirSync(temporary.path).filter((name) => name.includes("attacked"))).toEqual([]);
  });

  test("leaves nothing behind where a later file is wrong, or it is told to stop", async () => {
    writeFileSync(path("torn.hdf5"), readFileSync(path("xland.hdf5")).subarray(0, -100));
    const files = ["ids.hdf5", "torn.hdf5"].map(path);
    const { code, stderr } = await icrlHere(
      "dataset",
      "import",
      ...files,
      "--format",
      "ad-hdf5",
      "--out",
      path("torn"),
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(`IMPORT_INVALID: ${path("torn.hdf5")}`)]);
    const plan: ImportPlan = {
      files: [path("bandit.pkl")],
      format: "dpt",
      out: path("stopped"),
      name: "stopped",
      taskId: "imported",
      label: "expert",
      actions: undefined,
      states: undefined,
      overwrite: false,
      nodeVersion: process.versions.node,
    };
    const stopping = new AbortController();
    const listener = { ...silent, update: () => stopping.abort(new Error("stop")) };
    await expect(importDataset(plan, listener, stopping.signal)).rejects.toThrow("stop");
    expect(readdirSync(temporary.path).filter((name) => /stopped|\btorn$|unfinished/.test(name))).toEqual([]);
  });

  test("gives data that the Python package reads", async () => {
    await imported("dpt", "darkroom.pkl");
    const script = [
      "import icrl, json, sys",
      "trials = icrl.open(sys.argv[1])",
      "first = next(iter(trials))",
      "label = first.labels['expert'].actions.tolist()",
      "print(json.dumps([list(trials.labels), label, first.next_observations.tolist()[-1], first.regrets, trials.manifest.truth_known]))",
    ].join("\n");
    const run = promisify(execFile);
    const { stdout } = await run(python as string, ["-c", script, path("of-darkroom.pkl")]);
    const label = [...Array(25).fill(-1), truth.darkroom.optimal[0]];
    expect(JSON.parse(stdout)).toEqual([["self", "expert"], label, -1, null, false]);
  });

  test("gives data that a transformer learns from", async () => {
    await imported("dpt", "bandit.pkl");
    const spec = [
      "name: theirs",
      `dataset: ${path("of-bandit.pkl")}`,
      "objective: expert:expert",
      "model: { layers: 1, width: 16, heads: 2 }",
      "training: { steps: 60, batch: 64, validation_share: 0, warmup: 5, learning_rate: 0.01 }",
    ];
    writeFileSync(path("train.yaml"), spec.join("\n"));
    const { code, stderr } = await icrlHere("train", path("train.yaml"), "--out", path("training"), "--json");
    expect(code, stderr).toBe(0);
    const losses = readFileSync(path("training/metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).loss as number);
    // Who has learned nothing is at ln 5 = 1.609: the first update is there, the last ones know which arm paid.
    expect(losses[0]).toBeGreaterThan(1.55);
    expect(Math.min(...losses.slice(-5))).toBeLessThan(1.5);
  });

  test.skipIf(withTorch === undefined)("gives PyTorch the same losses on it, and the same refusals", async () => {
    await imported("dpt", "darkroom.pkl");
    const spec = (more: string) =>
      [
        "name: theirs",
        `dataset: ${path("of-darkroom.pkl")}`,
        "objective: expert:expert",
        "model: { layers: 1, width: 8, heads: 2 }",
        `training: { steps: 3, batch: 16, ${more} }`,
      ].join("\n");
    writeFileSync(path("holds-out.yaml"), spec("warmup: 1"));
    writeFileSync(path("all.yaml"), spec("warmup: 1, validation_share: 0"));
    const script = [
      "import icrl.torch, json, sys",
      "losses = []",
      "icrl.torch.train(sys.argv[2], out=sys.argv[3], device='cpu', on_metrics=lambda line: losses.append(line['loss']))",
      "try:",
      "    icrl.torch.train(sys.argv[1], out=sys.argv[3] + '-none', device='cpu')",
      "except icrl.DataError as error:",
      "    print(json.dumps([losses, error.reason, error.message]))",
    ].join("\n");
    const args = ["-c", script, path("holds-out.yaml"), path("all.yaml"), path("in-torch")];
    const { stdout } = await promisify(execFile)(withTorch as string, args);
    const [losses, reason, message] = JSON.parse(stdout);
    expect([reason, message]).toEqual(["TRUTH_UNKNOWN", expect.stringContaining("or validation_share 0")]);
    expect((await icrlHere("train", path("all.yaml"), "--out", path("in-engine"))).code).toBe(0);
    const lines = readFileSync(path("in-engine/metrics.jsonl"), "utf8").trimEnd().split("\n");
    for (const [i, line] of lines.entries()) expect(losses[i]).toBeCloseTo(JSON.parse(line).loss, 4);
  });
});
