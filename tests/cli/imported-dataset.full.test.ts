import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { datasetForTest } from "../support/dataset.js";
import { icrlHere } from "../support/icrl-here.js";
import { importedForTest, importedTrial, writeImported } from "../support/imported.js";

/** The last line on standard error of a command that is refused with exit code 2. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrlHere(...args);
  expect([code, stdout], stderr).toEqual([2, ""]);
  return stderr.trimEnd().split("\n").at(-1) as string;
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await icrlHere(...args);
  expect(code, stderr).toBe(0);
  return stdout;
}

test("what needs the truth says that it is not known, and makes nothing", async () => {
  const { dir } = await importedForTest();
  const out = join(dir, "..", "out");
  const unknown = `error: TRUTH_UNKNOWN: ${dir} was imported, without the truth of its instances: `;
  const split = ["dataset", "split", dir, "--parts", "a=0.5,b=0.5", "--out", out];
  expect(await refusal(...split)).toContain(`${unknown}a split goes by instances`);
  expect(await refusal("dataset", "verify", dir, "--all")).toContain(`${unknown}episodes are played again`);
  expect(await refusal("dataset", "verify", dir, "--sample", "5")).toContain(`${unknown}episodes are played again`);
  expect(await refusal("dataset", "label", dir, "--expert", "q-learning")).toContain(
    `${unknown}an expert is told the task`,
  );
  expect(await refusal("dataset", "ratio", dir, "--expert", "ucbvi")).toContain(`${unknown}a distribution ratio`);
  expect(existsSync(out)).toBe(false);
});

test("a training learns from its labels and actions, and holds nothing out by seeds", async () => {
  const { dir } = await importedForTest();
  const file = join(dir, "..", "train.yaml");
  const out = join(dir, "..", "out");
  const train = async (training: string, objective = "expert:expert") => {
    const model = "model: { layers: 1, width: 4, heads: 1 }";
    writeFileSync(file, `name: t\ndataset: ${dir}\nobjective: ${objective}\n${model}\ntraining: ${training}\n`);
    return ["train", file, "--out", out, "--overwrite"];
  };
  expect(await refusal(...(await train("{ steps: 2, batch: 4 }")))).toContain("TRUTH_UNKNOWN");
  expect(await refusal(...(await train("{ steps: 2, batch: 4, validation_share: 0, evaluation_trials: 2 }")))).toMatch(
    /TRUTH_UNKNOWN: .*evaluation_trials/,
  );
  const none = "{ steps: 2, batch: 4, validation_share: 0 }";
  expect(await refusal(...(await train(none, "dpt")))).toContain(
    'has no label "optimal", it has self, expert: it was imported, without the truth; give objective ad or expert:expert',
  );
  for (const objective of ["expert:expert", "ad"]) {
    expect(JSON.parse(await done(...(await train(none, objective)), "--json"))).toMatchObject({ step: 2 });
  }
  // by hand: 4 sequences, of which the expert's label stands at one step each; actions at all 4
  const first = (text: string) => JSON.parse(text.split("\n")[0]);
  expect(first(readFileSync(join(out, "metrics.jsonl"), "utf8"))).toMatchObject({ decisions: 16, tokens: 16 });
  expect(await refusal("evaluate", out, "--expert", "ucbvi", "--out", join(dir, "..", "evaluation"))).toMatch(
    /TRUTH_UNKNOWN: .* was trained on imported data, whose task "imported" this program does not have: give --task/,
  );
});

test("numbers that are no features of arms are not learned from in silence", async () => {
  const { dir } = await importedForTest();
  const boxes = join(dir, "..", "boxes");
  const manifest = await writeImported(boxes, [importedTrial(0)]);
  const box = { type: "box", shape: [25] };
  const changed = { ...manifest, tasks: manifest.tasks.map((task) => ({ ...task, observation_space: box })) };
  writeFileSync(join(boxes, "dataset.json"), JSON.stringify(changed));
  const file = join(dir, "..", "train.yaml");
  writeFileSync(
    file,
    `name: t\ndataset: ${boxes}\nobjective: ad\ntraining: { steps: 1, batch: 1, validation_share: 0 }\n`,
  );
  expect(await refusal("train", file, "--out", join(dir, "..", "out"))).toContain(
    'TASK_UNSUPPORTED: task "imported" shows [25] numbers at each step',
  );
});

test("what does not need the truth works", async () => {
  const { dir } = await importedForTest();
  const out = (name: string) => join(dir, "..", name);
  expect(await done("dataset", "info", dir)).toContain("without the truth of its instances");
  expect(JSON.parse(await done("dataset", "head", dir, "-n", "1", "--json"))[0]).toMatchObject({
    regret: null,
    optimal_actions: null,
    labels: { expert: { actions: [-1, -1, -1] } },
  });
  expect(await done("dataset", "verify", dir)).toMatch(
    /^ok: 40 episodes, .* 0 episodes played again \(they were imported\)/,
  );
  const sql = "SELECT count(*), sum(list_sum(actions)) FROM expert";
  expect(JSON.parse(await done("dataset", "query", dir, sql, "--json")).rows).toEqual([[40, -40]]); // 20 x (-3 + 1)
  const half = ["dataset", "filter", dir, "--where", "trial_index < 10", "--out", out("half"), "--json"];
  expect(JSON.parse(await done(...half))).toMatchObject({ truth_known: false, trials: 10, made_by: "filter" });
  expect(await done("dataset", "verify", out("half"))).toContain("ok: 20 episodes");
  expect(await refusal("dataset", "filter", dir, "--where", "regret < 1", "--out", out("none"))).toContain(
    "it was imported: columns of the truth, regret say, are null",
  );
});

test("like is merged with like: the same trials once, the larger measures, and nothing that has the truth", async () => {
  const { dir } = await importedForTest();
  const other = join(dir, "..", "other");
  const longer = { lengths: Int32Array.of(4), ends: Uint8Array.of(1), observations: Int32Array.of(0, 1, 2, 3, 0) };
  await writeImported(other, [importedTrial(0), importedTrial(0, { ...longer, key: "entry 99" })]);
  const merged = await done("dataset", "merge", dir, other, "--out", join(dir, "..", "both"), "--json");
  expect(JSON.parse(merged)).toMatchObject({
    truth_known: false,
    trials: 21, // 20, and one that is new
    tasks: [{ horizon: 4, episodes_per_trial: 2, steps_per_trial: 4 }],
    labels: { expert: {} },
  });
  expect(await done("dataset", "verify", join(dir, "..", "both"))).toContain("ok: 41 episodes");
  const played = await datasetForTest();
  expect(await refusal("dataset", "merge", dir, played.dir, "--out", join(dir, "..", "mixed"))).toBe(
    `error: DATASET_MISMATCH: ${dir} was imported, without the truth of its instances, and ${played.dir} has it: only like is merged with like`,
  );
});

test("exports have the label that came with the data, at the steps that have one", async () => {
  const { dir } = await importedForTest();
  const out = (name: string) => join(dir, "..", name);
  const exported = (format: string, name: string, ...flags: string[]) => [
    "dataset",
    "export",
    dir,
    "--format",
    format,
    "--out",
    out(name),
    ...flags,
  ];
  expect(await refusal(...exported("dpt", "queries"))).toContain(
    'has no label "optimal": it has self, expert; it was imported, without the truth: choose one of these by --labels',
  );
  await done(...exported("dpt", "queries", "--labels", "expert", "--queries", "3"));
  const sql = `SELECT DISTINCT label_action, query_episode, optimal_action FROM '${out("queries")}/data/*.parquet'`;
  const { rows } = JSON.parse(await done("dataset", "query", dir, sql, "--allow-files", "--json"));
  expect(rows).toEqual([[1, 1, null]]);
  await done(...exported("csv", "steps.csv", "--labels", "expert"));
  const [head, first, , , last] = readFileSync(out("steps.csv"), "utf8")
    .split("\n")
    .map((line) => line.split(","));
  const cell = (line: string[], name: string) => line[head.indexOf(name)];
  expect([cell(first, "label_action"), cell(first, "regret"), cell(last, "label_action")]).toEqual(["", "", "1"]);
});
