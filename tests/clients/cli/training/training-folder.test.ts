import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readTrainingFile } from "#icrl/clients/cli/training/training-file.js";
import {
  hasCheckpoint,
  keepLatestCheckpoints,
  openTrainingFolder,
} from "#icrl/clients/cli/training/training-folder.js";
import { ROOT } from "../../../e2e/run-icrl.js";
import { tempDir } from "../../../support/temp-dir.js";
import { datasetFile, trainingSpec } from "../../../support/training-file.js";

/** A folder with so many checkpoints, and what a training's file asks for. */
function begun(...steps: number[]) {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const out = join(temporary.path, "new/out");
  const spec = trainingSpec(temporary.path);
  openTrainingFolder(out, spec, false);
  for (const step of steps)
    mkdirSync(join(out, "checkpoints", `step-${String(step).padStart(8, "0")}`), { recursive: true });
  return { out, spec };
}

test("the same spec goes on, and another is refused with every place and value that differs", () => {
  const { out, spec } = begun(3);
  openTrainingFolder(out, spec, false);
  const other = {
    ...spec,
    layout: "lin2023",
    onlineTrials: 7,
    model: { ...spec.model, width: 8 },
    training: { ...spec.training, steps: 9 },
  } as const;
  expect(() => openTrainingFolder(out, other, false)).toThrow(
    expect.objectContaining({
      reason: "OUTPUT_EXISTS",
      message: `${out} holds a training whose layout is "step", not "lin2023", model.width is 4, not 8, training.steps is 3, not 9, online is absent, not {"trials":7}: choose another --out, or begin anew with --overwrite`,
    }),
  );
  expect(hasCheckpoint(out)).toBe(true);
});

test("another spec takes the folder where nothing has been learned yet", () => {
  const { out, spec } = begun();
  const other = { ...spec, training: { ...spec.training, steps: 9 } };
  openTrainingFolder(out, other, false);
  mkdirSync(join(out, "checkpoints/step-00000001"), { recursive: true });
  openTrainingFolder(out, other, false);
  expect(() => openTrainingFolder(out, spec, false)).toThrow("training.steps is 9, not 3");
});

test("--overwrite removes what an earlier training left, and nothing else", () => {
  const { out, spec } = begun(1, 2);
  for (const name of ["metrics.jsonl", "notes.txt"]) writeFileSync(join(out, name), "");
  mkdirSync(join(out, "dataset"));
  openTrainingFolder(out, { ...spec, seed: 5n }, true);
  expect(readdirSync(out).sort()).toEqual(["notes.txt", "spec.json"]);
});

test("the latest checkpoints are kept, by number, and nothing half written", () => {
  const { out } = begun(90, 1000, 250);
  mkdirSync(join(out, "checkpoints/step-00000700.tmp"));
  keepLatestCheckpoints(out, 2);
  expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["step-00000250", "step-00001000"]);
  keepLatestCheckpoints(out, 1);
  expect(existsSync(join(out, "checkpoints/step-00001000"))).toBe(true);
});

test("the spec.json of a training is a file for train, and is known again where the folder was moved", () => {
  const { out, spec: absolute } = begun();
  const given = relative(process.cwd(), absolute.dataset.path);
  const spec = { ...absolute, dataset: { ...absolute.dataset, given } };
  openTrainingFolder(out, spec, false);
  mkdirSync(join(out, "checkpoints/step-00000003"), { recursive: true });
  const written = readTrainingFile(join(out, "spec.json"));
  expect(written).toEqual({
    ...spec,
    dataset: { ...spec.dataset, given: expect.stringMatching(/^\.\.\/\.\.\/dataset-/) },
  });
  openTrainingFolder(out, written, false);
  const moved = join(out, "../../moved");
  renameSync(out, moved);
  openTrainingFolder(moved, spec, false);
  expect(readTrainingFile(join(moved, "spec.json")).dataset.path).toBe(spec.dataset.path);
  const other = datasetFile(join(out, "../.."));
  const another = { ...spec, dataset: { given: other, path: other, isFile: true } };
  expect(() => openTrainingFolder(moved, another, false)).toThrow(/holds a training whose dataset is "\.\.\/dataset-/);
});

test.each(["e1", "e3"])("the spec.json of the shipped checkpoint %s names its dataset's file", (name) => {
  const spec = readTrainingFile(join(ROOT, "experiments/lin2023", name, "checkpoint/spec.json"));
  expect(spec.dataset.path).toBe(join(ROOT, "experiments/lin2023", name, "dataset.yaml"));
});
