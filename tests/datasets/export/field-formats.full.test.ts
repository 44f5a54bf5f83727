/** Exports that the field's loaders read, and what comes back when they are imported. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExportFormat } from "#icrl/datasets/export/export-format.js";
import { FORMATS } from "#icrl/datasets/export/formats.js";
import { createHdf5File } from "#icrl/datasets/export/hdf5-file.js";
import { numberArray } from "#icrl/datasets/export/number-array.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { datasetHead } from "#icrl/datasets/read/dataset-head.js";
import { exportDataset } from "#icrl/datasets/rewrite/export-dataset.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { pythonWith } from "../../requirements.js";
import { dataRows, makeDataset } from "../../support/dataset.js";
import { icrlHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";

/** Every kind of observation: fixed arms with features and without, a state, a box; and episodes that end early. */
const SPEC: CollectionSpec = {
  name: "to go out",
  seed: 12n,
  tasks: [
    { id: "plain", task: "bernoulli-bandit", options: { arms: 5, horizon: 20 }, trials: 10 },
    { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 12 }, trials: 10 },
    { id: "fresh", task: "linear-bandit", options: { dim: 3, actions: 2, horizon: 5, arm_set: "fresh" }, trials: 10 },
    { id: "river", task: "river-swim", options: { states: 4, horizon: 6, episodes: 4 }, trials: 10 },
    { id: "sea", task: "deep-sea", options: { size: 4, episodes: 3 }, trials: 10 },
  ],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};
const TASKS = SPEC.tasks.map(({ id }) => id);

const python = pythonWith(["grpc", "gymnasium", "h5py", "minari", "numpy", "PIL", "pyarrow"]);
const root = join(import.meta.dirname, "../../..");
const temporary = tempDir();
const path = (name: string) => join(temporary.path, name);
const saved = { ...process.env };
let rows: TrajectoryRow[];

beforeAll(async () => {
  if (python === undefined) return;
  process.env.ICRL_PYTHON = python;
  process.env.PYTHONPATH = join(root, "clients/python/src");
  await makeDataset(path("set"), SPEC);
  rows = await dataRows(path("set"));
});
afterAll(() => {
  process.env.ICRL_PYTHON = saved.ICRL_PYTHON ?? "";
  process.env.PYTHONPATH = saved.PYTHONPATH ?? "";
  temporary.remove();
});

const exported = (format: string, task: string, out: string, options = {}) =>
  exportDataset(path("set"), {
    format: FORMATS.find(({ name }) => name === format) as ExportFormat,
    out: path(out),
    label: "made-up",
    task,
    every: undefined,
    options,
    overwrite: false,
  });

/** Loads as a loader of the field does. */
async function loaded(...words: readonly (string | number)[]) {
  const args = [join(root, "tests/python/field_loaders.py"), ...words.map(String)];
  const { stdout } = await promisify(execFile)(python as string, args, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

/** Episodes of each trial of a task. */
function trialsOf(task: string): TrajectoryRow[][] {
  const trials = new Map<string, TrajectoryRow[]>();
  for (const row of rows.filter((one) => one.task_id === task)) {
    trials.set(row.trial_id, [...(trials.get(row.trial_id) ?? []), row]);
  }
  return [...trials.values()];
}

const flat = <T>(episodes: readonly TrajectoryRow[], of: (row: TrajectoryRow) => ArrayLike<T> | null): T[] =>
  episodes.flatMap((row) => Array.from(of(row) ?? []));
/** As writeLabel makes it up: 1 where the action was 0, else 0. */
const label = (episodes: readonly TrajectoryRow[]) =>
  flat(episodes, (row) => row.actions).map((action) => (action === 0 ? 1 : 0));
const states = (row: TrajectoryRow) => row.observations?.subarray(0, row.length) ?? null;
const actionsOf = (task: string) => ({ plain: 5, linear: 4, fresh: 2, river: 2, sea: 2 })[task] as number;

describe.skipIf(python === undefined)("exports for the field's loaders", () => {
  test.each(TASKS)("dpt-pickle of %s is what DPT's Dataset loads", async (task) => {
    const trials = trialsOf(task);
    const steps = flat(trials[0], (row) => row.actions).length;
    const size = task === "fresh" ? 6 : 1;
    await exported("dpt-pickle", task, `loaded-${task}.pkl`, { queries: 3 });
    const found = await loaded("dpt", path(`loaded-${task}.pkl`), steps, size, actionsOf(task));
    expect(found.own).toEqual(task === "linear" ? ["arms", "context_dones"] : ["context_dones"]);
    expect(found.actions.length).toBe(30); // 3 queries of each of 10 trials
    for (const [i, episodes] of trials.entries()) {
      for (const query of [3 * i, 3 * i + 1, 3 * i + 2]) {
        expect(found.actions[query]).toEqual(flat(episodes, (row) => row.actions));
        expect(found.rewards[query]).toEqual(flat(episodes, (row) => row.rewards));
        const shown = flat(episodes, (row) => row.step_features ?? states(row));
        expect(found.states[query].flat()).toEqual(shown.length > 0 ? shown : Array(steps).fill(1));
        // What is asked about is a step of the trial, and the answer the label there.
        const asked = JSON.stringify(found.queries[query]);
        const at = found.states[query].flatMap((state: unknown, t: number) =>
          JSON.stringify(state) === asked ? [t] : [],
        );
        expect(at.map((t: number) => label(episodes)[t])).toContain(found.optimal[query]);
      }
    }
  });

  test.each(TASKS)("ad-hdf5 of %s is what the loaders of XLand-100B read", async (task) => {
    const trials = trialsOf(task);
    await exported("ad-hdf5", task, `loaded-${task}.hdf5`);
    const found = await loaded("xland", path(`loaded-${task}.hdf5`), task === "fresh" ? 2 : 4);
    expect(found).toMatchObject({ tasks: 10, environment: task, benchmark: "to go out", "done type": "bool" });
    for (const [i, episodes] of trials.entries()) {
      expect(found.actions[i]).toEqual(flat(episodes, (row) => row.actions));
      expect(found.rewards[i]).toEqual(flat(episodes, (row) => row.rewards));
      expect(found.expert[i]).toEqual(label(episodes));
      const ends = flat(episodes, (row) => Array.from({ length: row.length }, (_, t) => t === row.length - 1));
      expect(found.dones[i]).toEqual(ends);
      const shown = flat(episodes, (row) => row.step_features ?? states(row));
      expect(found.states[i].flat(2).flat()).toEqual(shown.length > 0 ? shown : found.actions[i].map(() => 1));
    }
  });

  test("histories of other lengths are refused, or cut to one", async () => {
    const set = path("uneven");
    const spec = {
      ...SPEC,
      tasks: [{ id: "room", task: "dark-key-to-door", options: { size: 2, horizon: 12, episodes: 1 }, trials: 12 }],
    };
    await makeDataset(set, spec);
    const lengths = new Map<string, number>();
    for (const row of await dataRows(set)) lengths.set(row.trial_id, (lengths.get(row.trial_id) ?? 0) + row.length);
    const all = [...lengths.values()];
    expect(new Set(all).size).toBeGreaterThan(1);
    for (const format of ["dpt-pickle", "ad-hdf5"]) {
      const line = ["dataset", "export", set, "--format", format, "--out"];
      const { code, stderr } = await icrlHere(...line, path(`uneven.${format}`));
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/EXPORT_UNSUPPORTED: .* has \d+ steps, .*: --steps \d+ cuts/),
      ]);
      const steps = Math.max(...all);
      const cut = await icrlHere(...line, path(`cut.${format}`), "--steps", String(steps), "--json");
      expect(JSON.parse(cut.stdout).rows).toBe(all.filter((length) => length >= steps).length);
    }
  });

  test("an HDF5 file of any number of groups is found its way in", async () => {
    const names = Array.from({ length: 3000 }, (_, i) =>
      i % 7 === 0 ? `group ${"x".repeat(i % 90)} ${i}` : String(i),
    );
    const file = createHdf5File(path("many.hdf5"), "a test");
    for (const [i, name] of names.entries()) {
      file.group(
        name,
        { n: numberArray(Int32Array.of(i), 1), none: numberArray(new Float32Array(0), 0, 3) },
        { text: `é ${i}` },
      );
    }
    file.close();
    createHdf5File(path("none.hdf5"), "a test").close();
    const script = [
      "import h5py, json, sys",
      "with h5py.File(sys.argv[1]) as file:",
      "    found = {name: [int(group['n'][0]), list(group['none'].shape), group.attrs['text']] for name, group in file.items()}",
      "    assert all(name in file for name in found) and 'absent' not in file",
      "with h5py.File(sys.argv[2]) as file:",
      "    print(json.dumps([found, list(file)]))",
    ].join("\n");
    const args = ["-c", script, path("many.hdf5"), path("none.hdf5")];
    const { stdout } = await promisify(execFile)(python as string, args, { maxBuffer: 1 << 26 });
    const expected = Object.fromEntries(names.map((name, i) => [name, [i, [0, 3], `é ${i}`]]));
    expect(JSON.parse(stdout)).toEqual([expected, []]);
  });
});

describe.skipIf(python === undefined)("what goes out comes back", () => {
  /** A dataset's episodes by trial, with what a label says. */
  async function trialsIn(dir: string, name: string) {
    const all = await dataRows(dir);
    const heads = await datasetHead(dir, all.length);
    const found = new Map<string, (TrajectoryRow & { readonly said: readonly (number | null)[] })[]>();
    for (const [i, row] of all.entries()) {
      const said = heads[i].labels[name].actions;
      found.set(row.trial_id, [...(found.get(row.trial_id) ?? []), { ...row, said }]);
    }
    return [...found.values()];
  }

  async function back(format: string, file: string) {
    const out = path(`back-${file}`);
    const { code, stderr } = await icrlHere("dataset", "import", path(file), "--format", format, "--out", out);
    expect(code, stderr).toBe(0);
    expect((await icrlHere("dataset", "verify", out)).stdout).toMatch(/^ok/);
    return trialsIn(out, "expert");
  }

  const same = (found: TrajectoryRow, row: TrajectoryRow) => {
    for (const name of ["length", "actions", "rewards", "step_features", "trial_features", "return"] as const) {
      expect(found[name], name).toEqual(row[name]);
    }
  };

  test.each(TASKS)("%s as Minari: actions, rewards, observations, episodes, features and labels", async (task) => {
    await exported("minari", task, `${task}-v0`);
    const trials = trialsOf(task);
    const found = await back("minari", `${task}-v0`);
    expect(found.length).toBe(trials.length);
    for (const [i, episodes] of trials.entries()) {
      expect(found[i].length).toBe(episodes.length);
      for (const [k, row] of episodes.entries()) {
        same(found[i][k], row);
        expect(found[i][k].observations).toEqual(row.observations);
        expect(found[i][k].said).toEqual(label([row]));
        expect([found[i][k].terminated, found[i][k].truncated]).toEqual([row.terminated, row.truncated]);
      }
    }
  });

  test.each(TASKS)("%s as ad-hdf5: all of it but the states that episodes ended in", async (task) => {
    await exported("ad-hdf5", task, `${task}.hdf5`);
    const trials = trialsOf(task);
    const found = await back("ad-hdf5", `${task}.hdf5`);
    for (const [i, episodes] of trials.entries()) {
      expect(found[i].length).toBe(episodes.length);
      for (const [k, row] of episodes.entries()) {
        same(found[i][k], row);
        expect(found[i][k].observations).toEqual(row.observations && Int32Array.of(...(states(row) as Int32Array), -1));
        expect(found[i][k].said).toEqual(label([row]));
      }
    }
    const { tasks } = JSON.parse(readFileSync(path(`back-${task}.hdf5/dataset.json`), "utf8"));
    expect(tasks[0].num_actions).toBe(actionsOf(task));
    if (task === "fresh") expect(tasks[0].observation_space).toEqual({ type: "box", shape: [2, 3] });
  });

  test.each(TASKS)("%s as dpt-pickle: the context's episodes, and the query with its label", async (task) => {
    await exported("dpt-pickle", task, `${task}.pkl`);
    const trials = trialsOf(task);
    const found = await back("dpt", `${task}.pkl`);
    expect(found.length).toBe(trials.length);
    const hasStates = task !== "plain" && task !== "linear";
    for (const [i, episodes] of trials.entries()) {
      const context = hasStates ? found[i].slice(0, -1) : found[i];
      expect(context.length).toBe(episodes.length);
      for (const [k, row] of episodes.entries()) {
        same(context[k], row);
        expect(context[k].observations).toEqual(row.observations);
      }
      const asked = found[i].at(-1) as (typeof found)[number][number];
      const said = hasStates ? asked.said : [asked.said[0]];
      expect(said).toEqual([expect.toBeOneOf([0, 1])]);
      if (!hasStates) expect(new Set(asked.said).size).toBe(1);
      else expect(context.every((row) => row.said.every((action) => action === -1))).toBe(true);
    }
  });
});
