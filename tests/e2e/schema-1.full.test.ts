/** Commands on logs and datasets that a build of schema 1 wrote (tests/fixtures/schema-1); tests/datasets/log/earlier-schema.ts has the rest. */
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SCHEMA_VERSION } from "#icrl/datasets/log/trajectory-schema.js";
import { dataRows } from "../support/dataset.js";
import { tempDir } from "../support/temp-dir.js";
import { icrl } from "./run-icrl.js";

const FIXTURES = join(import.meta.dirname, "../fixtures/schema-1");

/** A folder of the test that runs now, with a copy of the fixtures. */
function fixtures(): string {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  cpSync(FIXTURES, dir.path, { recursive: true });
  return dir.path;
}

/** What a command prints with --json. */
async function json(...args: string[]) {
  const { code, stdout, stderr } = await icrl(...args, "--json");
  expect([code, stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
  return JSON.parse(stdout);
}

test("a log is listed, queried and verified, and played on", async () => {
  const log = join(fixtures(), "log");
  const free = ["play", "uniform", "--task", "bernoulli-bandit", "--set", "horizon=5", "--set", "arms=3"];
  await json(...free, "--trials", "4", "--seed", "9", "--data", log);
  expect((await json("log", "list", "--data", log)).trajectories.length).toBe(16);
  const sql = "SELECT schema_version, task_id, tags, count(*) FROM trajectories GROUP BY ALL ORDER BY tags";
  expect((await json("log", "query", sql, "--data", log)).rows).toEqual([
    [SCHEMA_VERSION, "bernoulli-bandit", '{"note":"mine","task":"also mine"}', 4],
    [SCHEMA_VERSION, "bernoulli-bandit", "{}", 12],
  ]);
  expect(await json("log", "verify", "--data", log)).toMatchObject({ episodes: 16, problems: [] });
});

test("a dataset is shown, labelled, verified and trained on", async () => {
  const here = fixtures();
  const dir = join(here, "dataset");
  const [first] = await json("dataset", "head", dir, "--episodes", "1");
  expect(first).toMatchObject({ schema_version: SCHEMA_VERSION, task_id: expect.stringMatching(/^[br]$/), tags: "{}" });
  const { mixture } = await json("dataset", "info", dir);
  expect(mixture.map((row: { task: string; behaviour: string }) => `${row.task} ${row.behaviour}`)).toEqual([
    ...["b noisy", "b u", "r noisy", "r u"],
  ]);
  await json("dataset", "label", dir, "--expert", "uniform", "--name", "again");
  expect(await json("dataset", "verify", dir)).toMatchObject({ labels: 2, problems: [] });
  const training = {
    ...{ name: "tiny", seed: 1, dataset: dir, objective: "expert:again", model: { layers: 1, width: 4, heads: 1 } },
    training: { steps: 2, batch: 2, checkpoint_every: 1, validation_share: 0 },
  };
  const spec = join(here, "training.yaml");
  writeFileSync(spec, JSON.stringify(training));
  const { code } = await icrl("train", spec, "--out", join(here, "training"));
  expect([code, existsSync(join(here, "training/checkpoints/step-00000002"))]).toEqual([0, true]);
});

test("a collection goes on where an earlier version was killed", async () => {
  const here = fixtures();
  const { trials, labels } = await json(
    "dataset",
    "collect",
    join(here, "collecting.yaml"),
    "--out",
    join(here, "begun"),
  );
  expect([trials, Object.keys(labels)]).toEqual([24, ["self", "optimal"]]);
  expect((await dataRows(join(here, "begun"))).length).toBe(36);
  expect(await json("dataset", "verify", join(here, "begun"))).toMatchObject({ episodes: 36, problems: [] });
});
