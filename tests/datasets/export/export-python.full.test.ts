import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExportFormat } from "#icrl/datasets/export/export-format.js";
import { FORMATS } from "#icrl/datasets/export/formats.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { exportDataset } from "#icrl/datasets/rewrite/export-dataset.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { pythonWith } from "../../requirements.js";
import { dataRows, makeDataset } from "../../support/dataset.js";
import { largestSeed } from "../../support/largest-seed.js";
import { tempDir } from "../../support/temp-dir.js";

const SPEC: CollectionSpec = {
  name: "three kinds",
  seed: 12n,
  tasks: [
    { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 12 }, trials: 10 },
    { id: "river", task: "river-swim", options: { states: 4, horizon: 6, episodes: 4 }, trials: 10 },
    { id: "fresh", task: "linear-bandit", options: { dim: 3, actions: 2, horizon: 5, arm_set: "fresh" }, trials: 10 },
  ],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};

/** By hand: [A, d] boxes for fresh arms, states of the river, nothing to observe in the bandit. */
const SPACES: Record<string, string> = {
  linear: "Discrete(1)",
  river: "Discrete(4)",
  fresh: "Box(-inf, inf, (2, 3), float32)",
};

const temporary = tempDir();
const dir = join(temporary.path, "set");
let rows: TrajectoryRow[];

beforeAll(async () => {
  await makeDataset(dir, SPEC);
  rows = await dataRows(dir);
});
afterAll(() => temporary.remove());

const run = (format: string, out: string, task?: string, label?: string) =>
  exportDataset(dir, {
    format: FORMATS.find(({ name }) => name === format) as ExportFormat,
    out,
    label,
    task,
    every: undefined,
    options: { queries: 2 },
    overwrite: false,
  });

const taskOf = (row: TrajectoryRow): string => row.task_id;

const withMinari = pythonWith(["minari", "pyarrow", "PIL"]);
test.skipIf(withMinari === undefined)(
  "Minari loads what was exported: spaces, T + 1 observations, all values",
  async () => {
    const root = join(temporary.path, "minari");
    const ids = SPEC.tasks.map(({ id }) => `${id}-v0`);
    for (const { id } of SPEC.tasks) await run("minari", join(root, `${id}-v0`), id, "made-up");
    const script = join(import.meta.dirname, "../../python/read_minari.py");
    const env = { ...process.env, MINARI_DATASETS_PATH: root };
    const { stdout } = await promisify(execFile)(withMinari as string, [script, ...ids], { env, maxBuffer: 1 << 26 });
    const { local, datasets } = JSON.parse(stdout);
    expect(local).toEqual([...ids].sort());
    for (const [i, { id, options }] of SPEC.tasks.entries()) {
      const own = rows.filter((row) => taskOf(row) === id);
      const { episodes, ...found } = datasets[i];
      expect(found).toMatchObject({
        id: `${id}-v0`,
        observation_space: SPACES[id],
        action_space: `Discrete(${options?.actions ?? 2})`,
        total_episodes: own.length,
        total_steps: own.reduce((sum, { length }) => sum + length, 0),
        author: ["icrl 0.1.0"],
        algorithm_name: "uniform",
        halves: [1, own.length - 1],
        sampled: 3,
        terminated: own.length,
      });
      for (const [k, row] of own.entries()) {
        const zeros = (n: number) => Array<number>(n).fill(0);
        const box =
          row.step_features === null ? null : [...row.step_features, ...zeros(row.step_features.length / row.length)];
        expect(episodes[k]).toEqual({
          observations: box ?? Array.from(row.observations ?? zeros(row.length + 1)),
          records: row.length + 1,
          actions: Array.from(row.actions),
          rewards: Array.from(row.rewards),
          terminated: row.terminated,
          truncated: row.truncated,
          optimal_actions: [-1, ...(row.optimal_actions ?? [])],
          regrets: [-1, ...(row.regrets ?? [])],
          seed: String(row.task_seed),
          episode_id: row.episode_id,
          trial_features: row.trial_features === null ? null : Array.from(row.trial_features),
        });
      }
    }
  },
);

const withTables = pythonWith(["duckdb", "pandas", "polars", "pyarrow", "datasets"]);
test.skipIf(withTables === undefined)("the lines of docs/export.md read the other formats", async () => {
  const page = readFileSync(new URL("../../../docs/export.md", import.meta.url), "utf8");
  const lines: Record<string, string> = {};
  const reports: Record<string, Awaited<ReturnType<typeof run>>> = {};
  for (const format of ["dpt", "ad", "jsonl", "csv"] as const) {
    const out = join(temporary.path, `out.${format}`);
    reports[format] = await run(format, out);
    const line = new RegExp(`^## ${format}\n\n\`\`\`python\n(.*)\n\`\`\``, "m").exec(page)?.[1] as string;
    lines[format] = line.replace("PATH", out);
    lines[`${format} as the command prints it`] = reports[format].load;
  }
  for (const format of ["dpt", "ad"]) {
    const files = `${reports[format].out}/data/*.parquet`;
    lines[`${format} in Polars`] = `pl.read_parquet("${files}")`;
    lines[`${format} in datasets`] = `load_dataset("parquet", data_files="${files}")`;
  }
  const script = join(import.meta.dirname, "../../python/one_liners.py");
  const { stdout } = await promisify(execFile)(withTables as string, [script, JSON.stringify(lines)]);
  const found = JSON.parse(stdout);
  for (const name of Object.keys(lines)) expect(found[name].rows, name).toBe(reports[name.split(" ")[0]].rows);
  expect(found["jsonl as the command prints it"]).toEqual(found.jsonl);
  expect(found.jsonl.largest_seed).toBe(largestSeed(rows));
  expect(found.ad.actions).toBe(rows.reduce((sum, row) => sum + row.actions.reduce((a, b) => a + b, 0), 0));
});
