import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MOST_RUNS, readStudyFile } from "#icrl/jobs/study/study-file.js";
import { icrlHere, refusalHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";
import { trainingFile } from "../../support/training-file.js";

function folder(): string {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

const studyFile = (changes: Record<string, unknown>) => trainingFile(folder(), changes);

test("every combination of the lists is a training, all with one seed before those with the next", () => {
  const file = studyFile({
    objective: ["dpt", "ad"],
    seed: [7, 8],
    model: { layers: 1, width: 4, heads: 1, positions: ["learned", "alibi"] },
  });
  const { varied, runs } = readStudyFile(file);
  expect(varied).toEqual([
    { name: "seed", values: [7, 8] },
    { name: "objective", values: ["dpt", "ad"] },
    { name: "model.positions", values: ["learned", "alibi"] },
  ]);
  expect(runs.map(({ spec }) => [Number(spec.seed), spec.objective.name, spec.model.positions])).toEqual([
    [7, "dpt", "learned"],
    [7, "dpt", "alibi"],
    [7, "ad", "learned"],
    [7, "ad", "alibi"],
    [8, "dpt", "learned"],
    [8, "dpt", "alibi"],
    [8, "ad", "learned"],
    [8, "ad", "alibi"],
  ]);
  expect(runs[1]).toMatchObject({
    name: "seed-7_objective-dpt_positions-alibi",
    values: { seed: 7, objective: "dpt", "model.positions": "alibi" },
  });
  expect(runs[1].spec.model.width).toBe(4); // what stands beside a list stays
});

test("a training's file without lists is a study of one", () => {
  const { varied, runs } = readStudyFile(studyFile({}), 9);
  expect([varied, runs.map(({ name, values, spec }) => [name, values, spec.training.steps])]).toEqual([
    [],
    [["only", {}, 9]],
  ]);
});

test("a seed beyond a double's whole numbers stays what it is", () => {
  const seed = 2n ** 64n - 1n;
  const file = studyFile({ seed: 0 });
  // As it stands in YAML: JSON.stringify knows no such number.
  writeFileSync(file, readFileSync(file, "utf8").replace('"seed":0', `"seed":[${seed},1]`));
  const { runs } = readStudyFile(file);
  expect(runs.map(({ values, spec }) => [values.seed, spec.seed])).toEqual([
    [String(seed), seed],
    [1, 1n],
  ]);
});

test.each<[what: string, changes: Record<string, unknown>, line: RegExp]>([
  ["an empty list", { seed: [] }, /^SPEC_INVALID: .*: seed is empty: give a list of at least one$/],
  ["a value twice", { objective: ["dpt", "dpt"] }, /^SPEC_INVALID: .*: objective has dpt twice: give each value once$/],
  [
    "a wrong value, by its training",
    { training: { batch: [4, -1] } },
    /^OPTION_INVALID: option "batch" of the training is -1: .* \(the training batch--1\)$/,
  ],
  ["a list of what is no value", { objective: [{}] }, /^SPEC_INVALID: .*: objective is \[\{\}\]: give a text$/],
  ["a mistyped member", { modle: [1, 2] }, /did you mean "model"\? \(the training modle-1\)$/],
  [
    "too many combinations",
    { seed: [1, 2], training: { steps: Array.from({ length: MOST_RUNS / 2 + 1 }, (_, i) => i + 1) } },
    /^SPEC_INVALID: .*: its lists have 1002 combinations: give shorter ones, for at most 1000 trainings$/,
  ],
  [
    "two trainings that one folder would have",
    { name: ["a b", "a-b"] },
    /^SPEC_INVALID: .*: two of its trainings would be called name-a-b: give other values$/,
  ],
])("%s is refused, with exit code 2, before anything is made", async (_, changes, line) => {
  const out = join(folder(), "out");
  expect(await refusalHere("study", "run", studyFile(changes), "--out", out)).toMatch(line);
  expect(existsSync(out)).toBe(false);
});

test("a folder of something else is not taken for a study's", async () => {
  const out = folder();
  writeFileSync(join(out, "notes.txt"), "mine");
  const { code, stderr } = await icrlHere("study", "run", studyFile({}), "--out", out);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^error: OUTPUT_EXISTS: .* holds something else \(notes.txt\)/m),
  ]);
  expect(readdirSync(out)).toEqual(["notes.txt"]);
});
