import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { icrl, PROGRAM } from "../e2e/run-icrl.js";
import { makeDataset } from "../support/dataset.js";
import { tempDir } from "../support/temp-dir.js";

const temporary = tempDir();
const path = (name: string) => join(temporary.path, name);
const dir = path("set");
let manifest: DatasetManifest;
beforeAll(async () => {
  manifest = await makeDataset(dir);
});
afterAll(() => temporary.remove());

/** Standard output of a command that does what it is told. */
async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrl("dataset", ...args);
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  return stdout;
}

const json = async (...args: string[]) => JSON.parse(await output(...args, "--json"));

/** The line of a command that fails, after its exit code. */
async function failure(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrl("dataset", ...args);
  expect(stdout).toBe("");
  const lines = stderr.split("\n").filter((line) => line.startsWith("error: "));
  expect(lines.length).toBe(1);
  return `${code} ${lines[0]}`;
}

test("info tells what a dataset holds", async () => {
  const text = await output("info", dir);
  expect(text).toContain("100 episodes of 40 trials, 720 steps");
  expect(text).toContain(
    "labels: self (column actions), optimal (column optimal_actions), made-up (made-up, with prob",
  );
  expect(text).toMatch(/^mdp +noisy +oracle-noise +\d+ +\d+ +\d+ +[\d.]+ +[\d.]+$/m);
  const info = await json("info", dir);
  expect(info.manifest).toEqual(JSON.parse(JSON.stringify(manifest)));
  expect(info.mixture.length).toBe(6); // two tasks, three behaviours
  expect(info.mixture.reduce((sum: number, row: { trials: number }) => sum + row.trials, 0)).toBe(40);
});

test("head shows the first episodes, with labels in JSON", async () => {
  expect((await output("head", dir, "-n", "3")).trimEnd().split("\n").length).toBe(4);
  const rows = await json("head", dir, "-n", "2");
  expect(rows.length).toBe(2);
  expect(rows[0].task_seed).toMatch(/^\d+$/);
  expect(rows[0].labels.self.actions).toEqual(rows[0].actions);
  expect(rows[0].labels["made-up"].actions.length).toBe(rows[0].length);
});

test("query has a view for each label", async () => {
  const sql = `SELECT task, count(*) AS n FROM trajectories JOIN "made-up" USING (episode_id) GROUP BY task ORDER BY task`;
  expect(await json("query", dir, sql)).toEqual({
    columns: [
      { name: "task", type: "VARCHAR" },
      { name: "n", type: "BIGINT" },
    ],
    rows: [
      ["linear-bandit", 20],
      ["random-mdp", 80],
    ],
  });
  expect(await output("query", dir, "SELECT 1 AS one")).toBe("one\n  1\n1 row\n");
});

test("verify is silent about a sound dataset but for one line, and names each problem of another with exit code 1", async () => {
  expect(await output("verify", dir, "--all")).toMatch(/^ok: 100 episodes, 720 steps, 1 labels .*100 episodes played/);
  expect(await json("verify", dir, "--sample", "5")).toMatchObject({ ok: true, replayed: 5, problems: [] });
  const broken = path("broken");
  cpSync(dir, broken, { recursive: true });
  const [a, b] = listShards(broken);
  writeFileSync(a.path, readFileSync(a.path).subarray(0, 50));
  writeFileSync(b.path, "");
  const { code, stdout } = await icrl("dataset", "verify", broken);
  expect(code).toBe(1);
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(new RegExp(`^${a.path}: has 50 bytes, and \\d+ were written`));
  expect(lines[1]).toMatch(new RegExp(`^${b.path}: has 0 bytes`));
  expect(lines[2]).toMatch(/^NOT ok: .* problems: 2$/);
  expect(lines.length).toBe(3);
});

test("split, merge and filter make datasets that verify, and say how large they are", async () => {
  const split = await output("split", dir, "--parts", "train=0.75,val=0.25", "--out", path("parts"));
  const sizes = /train: (\d+) episodes of \d+ trials\n.*val: (\d+) episodes/.exec(split)?.slice(1).map(Number) ?? [];
  expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(100);
  const merged = await json("merge", path("parts/train"), path("parts/val"), "--out", path("merged"));
  expect(merged).toMatchObject({ made_by: "merge", episodes: 100, trials: 40, steps: 720 });
  const where = "task = 'random-mdp'";
  expect(await output("filter", path("merged"), "--where", where, "--every", "2", "--out", path("river"))).toBe(
    `${path("river")}: 40 episodes of 20 trials\n`,
  );
  for (const name of ["parts/train", "parts/val", "merged", "river"]) await output("verify", path(name), "--all");
});

describe("what is wrong is said in one line", () => {
  test("of folders that are no finished datasets", async () => {
    mkdirSync(path("unfinished/collecting/data"), { recursive: true });
    mkdirSync(path("empty"));
    expect(await failure("info", path("nowhere"))).toBe(
      `2 error: NOT_A_DATASET: ${path("nowhere")} does not exist: give a dataset's folder`,
    );
    expect(await failure("head", path("empty"))).toContain("2 error: NOT_A_DATASET");
    expect(await failure("verify", path("unfinished"))).toBe(
      `2 error: NOT_A_DATASET: ${path("unfinished")} is not finished: \`node dist/cli/main.js dataset collect SPEC --out ${path("unfinished")}\` with the same spec goes on with it`,
    );
    const garbled = path("garbled");
    cpSync(dir, garbled, { recursive: true });
    writeFileSync(join(garbled, "dataset.json"), "{");
    expect(await failure("info", garbled)).toMatch(/^1 error: DATASET_CORRUPT: .*dataset\.json is not JSON/);
  });

  test("of outputs, conditions, parts and queries", async () => {
    mkdirSync(path("mine"));
    writeFileSync(path("mine/thesis.tex"), "");
    const filter = (...args: string[]) => failure("filter", dir, ...args);
    expect(await filter("--where", "true", "--out", path("mine"), "--overwrite")).toMatch(
      /^2 error: OUTPUT_EXISTS: .*holds something else/,
    );
    expect(await filter("--where", "true", "--out", dir)).toMatch(
      /^2 error: OUTPUT_EXISTS: .* is a dataset: .*--overwrite$/,
    );
    expect(await filter("--where", "nope > 1", "--out", path("x"))).toMatch(/^2 error: QUERY_INVALID: .*nope/);
    expect(await filter("--where", "false", "--out", path("x"))).toMatch(/^2 error: SELECTION_EMPTY/);
    expect(await filter("--out", path("x"))).toMatch(/^2 error: nothing to filter by/);
    expect(await filter("--where", "true")).toMatch(/^2 error: required option '--out <dir>' not specified/);
    expect(await failure("split", dir, "--parts", "a=0.5,b=0.6", "--out", path("x"))).toMatch(
      /^2 error: OPTION_INVALID: .*add up to 1/,
    );
    expect(await failure("split", dir, "--parts", "a=0.5,a=0.5", "--out", path("x"))).toMatch(
      /^2 error: .*Give names, each once/,
    );
    expect(await failure("merge", dir, "--out", path("x"))).toMatch(/^2 error: one dataset is nothing to merge/);
    expect(await failure("query", dir, "SELECT x")).toMatch(/^2 error: QUERY_INVALID: .*the views are "trajectories"/);
    expect(existsSync(path("x"))).toBe(false);
  });
});

test("a full disk is said in one line, and nothing half-made is left", () => {
  // ulimit -f counts blocks of 512 or 1,024 bytes; the data is larger than 8 of them, and a file cannot grow beyond.
  const command = `ulimit -f 8; trap '' XFSZ; exec "$@"`;
  const args = [
    "-c",
    command,
    "sh",
    process.execPath,
    PROGRAM,
    "dataset",
    "filter",
    dir,
    "--where",
    "true",
    "--out",
    path("full"),
  ];
  const { status, stderr } = spawnSync("sh", args, { encoding: "utf8" });
  expect(stderr).toMatch(/^error: EFBIG: file too large/m);
  expect(status).toBe(1);
  expect(readdirSync(temporary.path).filter((name) => name.startsWith("full"))).toEqual([]);
});
