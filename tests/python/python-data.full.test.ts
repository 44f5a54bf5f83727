/** The Python package's reading of datasets, logs and results, held against this side's on the same folders. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { PROGRAM } from "../e2e/run-icrl.js";
import { pythonWith } from "../requirements.js";
import { headOf, playCollection, SPEC, writeLabel } from "../support/dataset.js";
import { tempDir } from "../support/temp-dir.js";

const python = pythonWith(["numpy", "pandas", "pyarrow", "torch"]);
const root = join(import.meta.dirname, "../..");
const temp = tempDir();
afterAll(() => temp.remove());

const run = promisify(execFile);
const icrl = (...args: readonly string[]) => run(process.execPath, [PROGRAM, ...args], { maxBuffer: 1 << 26 });

/** A bandit with fixed arms, one whose arms are drawn anew at each step, and an MDP of four episodes; in six shards, more than a window. */
async function makeSet(dir: string): Promise<void> {
  const fresh = {
    id: "fresh",
    task: "linear-bandit",
    options: { arm_set: "fresh", dim: 3, actions: 4, horizon: 7 },
    trials: 20,
  };
  const spec = { ...SPEC, tasks: [...SPEC.tasks, fresh] };
  const id = await playCollection(dir, spec, 6);
  await writeLabel(join(dir, "collecting"), "made-up");
  await finishDataset(dir, headOf(spec, id), { subsample: undefined });
}

/** Ids of the trials of each batch that a training reads: of all, and of a part of the instances. */
async function orders(dir: string) {
  const parts = { train: 0.75, validation: 0.25 };
  const split = { parts, seed: 3n, part: "train" };
  const read = async (epochs: number, batchUnits: number, shuffle: bigint, only?: typeof split) => {
    const batches: unknown[] = [];
    const options = {
      columns: ["trial_id"] as const,
      unit: "trial" as const,
      batchUnits,
      shuffle,
      epochs,
      split: only,
    };
    for await (const { epoch, units, columns } of readDataset(dir, options)) {
      batches.push({ epoch, trials: Array.from(units.subarray(0, -1), (row) => columns.trial_id[row]) });
    }
    return batches;
  };
  return [
    { seed: "5", batch: 7, epochs: 2, part: null, batches: await read(2, 7, 5n) },
    {
      seed: String(2n ** 64n - 1n),
      batch: 4,
      epochs: 2,
      part: [0, 0.75, 3],
      batches: await read(2, 4, 2n ** 64n - 1n, split),
    },
  ];
}

describe.skipIf(python === undefined)("icrl.open and icrl.results", () => {
  test("give what this side reads", async () => {
    const path = (name: string) => join(temp.path, name);
    await makeSet(path("set"));
    expect(readDatasetManifest(path("set")).shards.length).toBeGreaterThan(4);
    await icrl(
      "dataset",
      "export",
      path("set"),
      "--format",
      "jsonl",
      "--labels",
      "made-up",
      "--out",
      path("set.jsonl"),
    );
    writeFileSync(path("orders.json"), JSON.stringify(await orders(path("set"))));

    const river = [
      "--task",
      "river-swim",
      "--set",
      "episodes=3",
      "--set",
      "horizon=5",
      "--trials",
      "12",
      "--envs",
      "4",
    ];
    await icrl("play", "q-learning", ...river, "--data", path("log"));
    const arms = ["--task", "linear-bandit", "--set", "horizon=6", "--trials", "5"];
    await icrl("play", "lin-ucb", ...arms, "--data", path("log"));

    mkdirSync(path("tournament"));
    cpSync(join(root, "tests/fixtures/hostile/good/tournament"), path("tournament"), { recursive: true });
    await icrl("tournament", "report", path("tournament"));

    const { stdout, stderr } = await run(python as string, ["-m", "unittest", "clients/python/tests/test_data.py"], {
      cwd: root,
      env: {
        ...process.env,
        PYTHONPATH: join(root, "clients/python/src"),
        PYTHONDONTWRITEBYTECODE: "1",
        ICRL_TEST_DATA: temp.path,
        ICRL_TEST_FIXTURES: join(root, "tests/fixtures"),
      },
    });
    console.log(stdout.trim());
    expect(stderr).toMatch(/^Ran [1-9]\d* tests? in .*\n\nOK$/m);
  });
});
