import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { datasetForTest } from "../../support/dataset.js";
import { icrlHere } from "../../support/icrl-here.js";

test("icrl dataset export writes, reports in one line or as JSON, and says what is wrong", async () => {
  const { dir, manifest } = await datasetForTest();
  const out = join(dir, "..", "steps.csv");

  const written = await icrlHere("dataset", "export", dir, "--format", "csv", "--out", out, "--json");
  expect(written.code).toBe(0);
  expect(JSON.parse(written.stdout)).toEqual({
    format: "csv",
    out,
    label: null,
    trials: manifest.trials,
    episodes: manifest.episodes,
    steps: manifest.steps,
    rows: manifest.steps,
    files: 1,
    bytes: readFileSync(out).length,
    load: `pd.read_csv("${out}")`,
  });
  expect(written.stderr).toContain(`${manifest.trials} of ${manifest.trials} trials`);

  const again = await icrlHere("dataset", "export", dir, "--format", "csv", "--out", out);
  expect([again.code, again.stdout]).toEqual([2, ""]);
  expect(again.stderr).toMatch(/^error: OUTPUT_EXISTS: .*--overwrite$/m);

  const queries = join(dir, "..", "queries");
  const dpt = ["dataset", "export", dir, "--format", "dpt", "--out", queries, "--queries", "2", "--context", "prefix"];
  const human = await icrlHere(...dpt, "--seed", "18446744073709551615", "--task", "mdp", "--labels", "made-up");
  expect(human.code).toBe(0);
  // by hand: 20 trials of the fixture's river, 2 queries each, of 4 episodes of 6 steps
  expect(human.stdout).toMatch(/^40 queries from 20 trials \(480 steps\) in 2 files, \d+ bytes: /);
  const { label, options } = JSON.parse(readFileSync(join(queries, "export.json"), "utf8"));
  expect({ label, ...options }).toEqual({
    label: "made-up",
    queries: 2,
    context: "prefix",
    seed: "18446744073709551615",
  });

  const stray = await icrlHere("dataset", "export", dir, "--format", "ad", "--out", `${out}.ad`, "--queries", "2");
  expect([stray.code, existsSync(`${out}.ad`)]).toEqual([2, false]);
  expect(stray.stderr).toMatch(/option '--queries' is for --format dpt or dpt-pickle, not ad/);

  const nowhere = await icrlHere("dataset", "export", dir, "--format", "csv");
  expect(nowhere.code).toBe(2);
  expect(nowhere.stderr).toMatch(/required option '--out <path>'/);
});
