import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { labelFolder } from "#icrl/datasets/folder/label-folder.js";
import { makeDataset } from "../support/dataset.js";
import { copyForTest, labelBytes, readLabels } from "../support/labels.js";
import { tempDir } from "../support/temp-dir.js";
import { icrl, PROGRAM, ROOT, startNode } from "./run-icrl.js";

const temporary = tempDir();
const dataset = join(temporary.path, "set");
beforeAll(async () => {
  await makeDataset(dataset);
});
afterAll(() => temporary.remove());

const label = (dir: string, ...flags: string[]) => icrl("dataset", "label", dir, ...flags);

test("labels are made, entered in the manifest and the card, and not made twice", async () => {
  const dir = copyForTest(dataset);
  const made = await label(dir, "--expert", "uniform", "--json");
  expect(made.code).toBe(0);
  expect(JSON.parse(made.stdout)).toEqual({
    name: "uniform",
    folder: "labels/uniform",
    agent: "uniform",
    agent_version: "1",
    agent_options: {},
    probabilities: true,
    trials: 40,
    episodes: 100,
    steps: 20 * 12 + 20 * 4 * 6,
    seconds: expect.any(Number),
  });
  expect(made.stderr).toMatch(/100 % .*40 of 40 trials/);
  const { labels, shards } = readDatasetManifest(dir);
  expect(Object.keys(labels).sort()).toEqual(["made-up", "optimal", "self", "uniform"]);
  expect(labels.uniform).toMatchObject({ folder: "labels/uniform", agent: "uniform", probabilities: true });
  expect("shards" in labels.uniform && labels.uniform.shards.map(({ rows }) => rows)).toEqual(
    shards.map(({ rows }) => rows),
  );
  expect(readFileSync(join(dir, "README.md"), "utf8")).toContain("labels/uniform");
  expect(readLabels(dir, "uniform").length).toBe(100);
  expect(readdirSync(dir).sort()).toEqual(["README.md", "data", "dataset.json", "labels"]);

  const before = labelBytes(dir, "uniform");
  const again = await label(dir, "--expert", "uniform");
  expect([again.code, again.stdout]).toEqual([0, `already labelled: ${join(dir, "labels/uniform")}\n`]);
  expect(labelBytes(dir, "uniform")).toEqual(before);
  const other = await label(dir, "--expert", "uniform", "--name", "second", "--envs", "3", "--streams", "1");
  expect(other.stdout).toMatch(/labels\/second: 40 trials, 720 steps in .* with probabilities\n$/);
});

test("what is wrong is told with exit code 2, and nothing is made", async () => {
  const dir = copyForTest(dataset);
  for (const [flags, text] of [
    [["--expert", "lin-ucb"], 'TASK_UNSUPPORTED: agent "lin-ucb" declares linear: the dataset has task "random-mdp"'],
    [["--expert", "nobody"], "AGENT_UNKNOWN"],
    [["--expert", "uniform", "--option", "alpha=2"], "OPTION_UNKNOWN"],
    [["--expert", "uniform", "--name", "made-up"], 'LABEL_CONFLICT: labels "made-up" have agent "made-up"'],
    [["--expert", "uniform", "--name", "self"], "NAME_INVALID"],
    [[], "give --expert, --module or --command, one of them"],
  ] as const) {
    const { code, stdout, stderr } = await label(dir, ...flags);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
  }
  expect(readdirSync(join(dir, "labels"))).toEqual(["made-up"]);
  rmSync(join(dir, "dataset.json"));
  expect(await label(dir, "--expert", "uniform")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("NOT_A_DATASET"),
  });
});

test("a dataset that lost episodes cannot be labelled: labels are made before", async () => {
  const folder = tempDir();
  try {
    const dir = join(folder.path, "thin");
    await makeDataset(dir, undefined, { subsample: 2 });
    const { code, stderr } = await label(dir, "--expert", "uniform");
    expect(code).toBe(2);
    expect(stderr).toMatch(/TRIALS_BROKEN: .* trials of "random-mdp" with .* episodes/);
    expect(readdirSync(join(dir, "labels"))).toEqual(["made-up"]);
  } finally {
    folder.remove();
  }
});

test("Ctrl-C ends it; the same command goes on", async () => {
  const dir = copyForTest(dataset);
  const running = startNode([PROGRAM, "dataset", "label", dir, "--expert", "uniform", "--envs", "1", "--streams", "1"]);
  await running.said("trials");
  running.child.kill("SIGINT");
  const { code } = await running.ended;
  expect([0, 130]).toContain(code); // 720 steps are soon done
  expect((await label(dir, "--expert", "uniform")).code).toBe(0);
  expect(readLabels(dir, "uniform").length).toBe(100);
  expect(readdirSync(labelFolder(dir, "uniform")).filter((name) => name.startsWith("lock"))).toEqual([]);
});

test("a program of one's own labels with the same progress as a built-in expert, what is left alone in its total", async () => {
  const dir = copyForTest(dataset);
  const command = ["--command", `node '${join(ROOT, "tests/e2e/hesitant-agent.mjs")}'`, "--name", "mine", "--json"];
  const made = await label(dir, ...command);
  expect(made.code).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: "mine", agent: "hesitant", trials: 40, steps: 720 });
  expect(made.stderr).toMatch(/100 % .*40 of 40 trials/);
  expect(readLabels(dir, "mine").length).toBe(100);
  const { labels, ...manifest } = readDatasetManifest(dir);
  const { mine: _, ...others } = labels;
  writeFileSync(join(dir, "dataset.json"), JSON.stringify({ ...manifest, labels: others }));
  const [first] = readdirSync(labelFolder(dir, "mine")).filter((name) => name.endsWith(".parquet"));
  rmSync(join(labelFolder(dir, "mine"), first));
  const again = await label(dir, ...command);
  expect(again.code).toBe(0);
  const [, done, total] = /100 % .*?(\d+) of (\d+) trials/.exec(again.stderr) ?? [];
  expect(done).toBe(total);
  expect(Number(total)).toBeGreaterThan(0);
  expect(Number(total)).toBeLessThan(40);
});
