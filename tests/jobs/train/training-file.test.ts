import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OBJECTIVES } from "#icrl/agents/transformer/objectives.js";
import { refusalHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";
import { datasetFile, trainingFile, trainingSpec } from "../../support/training-file.js";

const folder = tempDir();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const noFile = path("nothing-here");
const labelled = datasetFile(folder.path, { labels: ["self", { expert: "ucb", name: "careful" }] });
const foreign = datasetFile(folder.path, { behaviours: [{ name: "mine", agent: "my-own" }] });
const objectives = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(OBJECTIVES.map(({ usage }) => usage)); // "a, b or c"
const wrongDataset = datasetFile(folder.path, { trials: 0 });

describe("a wrong training file is refused in one line, with exit code 2, before anything is made", () => {
  test.each<[what: string, changes: Record<string, unknown>, line: string]>([
    ["no name", { name: undefined }, "SPEC_INVALID: FILE: name is absent: give a text"],
    ["a mistyped member", { modle: {} }, 'SPEC_INVALID: FILE: the file has "modle": did you mean "model"?'],
    ["no dataset", { dataset: undefined }, "SPEC_INVALID: FILE: dataset is absent: give a text"],
    [
      "a dataset that is not there",
      { dataset: noFile },
      `SPEC_INVALID: FILE: dataset ${noFile} does not exist: give a dataset's folder, or the file to collect one by`,
    ],
    [
      "a dataset's file that is wrong itself",
      { dataset: wrongDataset },
      `SPEC_INVALID: ${wrongDataset}: trials is 0: give a whole number of at least 1`,
    ],
    ["no objective", { objective: undefined }, "SPEC_INVALID: FILE: objective is absent: give a text"],
    [
      "an objective that does not exist",
      { objective: "bc" },
      `SPEC_INVALID: FILE: objective is "bc": give ${objectives}, NAME a label of the dataset`,
    ],
    [
      "an expert that the dataset's file does not label with",
      { objective: "expert:ucb", dataset: labelled },
      `SPEC_INVALID: FILE: objective is "expert:ucb": the labels of ${labelled} are self, optimal, careful; add {expert: AGENT, name: ucb} to them`,
    ],
    [
      "an unknown layout",
      { layout: "lin" },
      'SPEC_INVALID: FILE: layout is "lin": give one of step, lin2023, chosen-arm, transition',
    ],
    ["fewer tokens than none", { context: -1 }, "SPEC_INVALID: FILE: context is -1: give a whole number of at least 0"],
    [
      "a seed below 0",
      { seed: -1 },
      "SPEC_INVALID: FILE: seed is -1: give a whole number from 0 to 18446744073709551615, or none to have one drawn",
    ],
    [
      "rounds of no trials",
      { online: {} },
      "SPEC_INVALID: FILE: online.trials is absent: give a whole number of at least 1",
    ],
    [
      "rounds of a dataset that is collected already",
      { online: { trials: 4 }, dataset: folder.path },
      "SPEC_INVALID: FILE: online needs the file to collect a dataset by, and dataset is a folder",
    ],
    [
      "rounds that somebody else would have to play",
      { online: { trials: 4 }, dataset: foreign },
      `SPEC_INVALID: FILE: there is no agent "my-own", of behaviour "mine" of ${foreign}; online plays built-in agents alone`,
    ],
    [
      "a dataset that somebody else would have to play",
      { dataset: foreign },
      `SPEC_INVALID: FILE: there is no agent "my-own", of behaviour "mine" of ${foreign}; for an agent of your own collect the dataset by itself, with --await mine, and name its folder`,
    ],
    [
      "a mistyped option of the model",
      { model: { layer: 2 } },
      'OPTION_UNKNOWN: the model has no option "layer": did you mean "layers"?',
    ],
    [
      "a width that the heads do not divide",
      { model: { width: 15, heads: 2 } },
      "OPTION_INVALID: the model's width 15 is not a multiple of its 2 heads: give a width that is",
    ],
    [
      "a mistyped option of the training",
      { training: { step: 2 } },
      'OPTION_UNKNOWN: the training has no option "step": did you mean "steps"?',
    ],
    [
      "no updates",
      { training: { steps: 0 } },
      'OPTION_INVALID: option "steps" of the training is 0: give an integer of at least 1',
    ],
  ])("%s", async (_, changes, line) => {
    const file = trainingFile(folder.path, changes);
    expect(await refusalHere("train", file, "--out", path("refused"))).toBe(line.replace("FILE", file));
    expect(existsSync(path("refused"))).toBe(false);
  });

  test("a back end that is not installed", async () => {
    const file = trainingFile(folder.path);
    const { code, stdout, stderr } = await import("../../support/icrl-here.js").then(({ icrlHere }) =>
      icrlHere("train", file, "--out", path("refused"), "--backend", "tensorflow-gpu"),
    );
    // Where it is installed, it may start: then nothing is refused.
    if (code !== 0) {
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^loading what computes\nerror: BACKEND_UNAVAILABLE: [^\n]+\n$/);
      expect(existsSync(path("refused"))).toBe(false);
    }
  });
});

test("paths are relative to the file, and what is left out has its default", () => {
  writeFileSync(
    path("beside.yaml"),
    JSON.stringify({
      ...{ name: "beside", trials: 1 },
      tasks: [{ task: "river-swim" }],
      behaviours: [{ agent: "uniform" }],
    }),
  );
  const spec = trainingSpec(folder.path, { dataset: "beside.yaml", seed: undefined, model: undefined });
  expect(spec).toMatchObject({
    seed: 0n,
    dataset: { given: "beside.yaml", path: path("beside.yaml"), isFile: true },
    onlineTrials: undefined,
    layout: "step",
    context: 0,
    model: { layers: 4, width: 32 }, // docs/training.md's defaults
    training: { steps: 3, batch: 4, learningRate: 0.001 },
  });
});
