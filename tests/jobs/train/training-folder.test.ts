import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { trainingOptions } from "#icrl/agents/transformer/training-options.js";
import { continuationText } from "#icrl/jobs/train/spec-changes.js";
import { type DatasetPlace, readTrainingFile } from "#icrl/jobs/train/training-file.js";
import { hasCheckpoint, keepLatestCheckpoints, openTrainingFolder } from "#icrl/jobs/train/training-folder.js";
import { ROOT } from "../../e2e/run-icrl.js";
import { tempDir } from "../../support/temp-dir.js";
import { datasetFile, trainingSpec } from "../../support/training-file.js";

/** Makes what tells a checkpoint. */
function checkpoint(out: string, step: number): void {
  const folder = join(out, "checkpoints", `step-${String(step).padStart(8, "0")}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), "{}");
}

/** A folder with so many checkpoints, and what a training's file asks for. */
function begun(...steps: number[]) {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const out = join(temporary.path, "new/out");
  const spec = trainingSpec(temporary.path);
  openTrainingFolder(out, spec, false);
  for (const step of steps) checkpoint(out, step);
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

test("more updates are a continuation, of which spec.json keeps every one; fewer are refused, and so is anything else beside them", () => {
  const { out, spec } = begun(3);
  const longer = (steps: number, changes: object = {}) => ({
    ...spec,
    training: { ...spec.training, steps },
    ...changes,
  });
  const first = { steps: 3, after: 3 };
  expect(openTrainingFolder(out, longer(9), false)).toEqual([first]);
  expect(openTrainingFolder(out, longer(9), false)).toEqual([first]); // the same command again
  checkpoint(out, 7);
  expect(openTrainingFolder(out, longer(20), false)).toEqual([first, { steps: 9, after: 7 }]);
  const kept = readFileSync(join(out, "spec.json"), "utf8");
  expect(JSON.parse(kept)).toMatchObject({ training: { steps: 20 }, continued: [first, { steps: 9, after: 7 }] });
  expect(() => openTrainingFolder(out, longer(9), false)).toThrow(
    expect.objectContaining({
      reason: "OUTPUT_EXISTS",
      message: `${out} holds a training of 20 updates, and 9 are asked for: it can be made longer, not shorter: choose another --out, or begin anew with --overwrite`,
    }),
  );
  expect(() => openTrainingFolder(out, longer(30, { seed: 5n }), false)).toThrow('seed is "1", not "5"');
  expect(readFileSync(join(out, "spec.json"), "utf8")).toBe(kept);
});

test.each([
  // By hand, warmup 10, from 0.01 to 0: after 19 of 20 the cosine is at 8/9, (1 + cos(8/9 pi)) / 2 = 0.0302; of 29 it is in the middle.
  [
    20,
    19,
    29,
    "The learning rate goes on as a schedule of 29 updates has it, 0.005 instead of 0.000302: this will not be the model of 29 updates from the start",
  ],
  [20, 10, 29, "the learning rate was the same so far, so nothing is different from 29 from the start"], // all warm-up
])("a training of %i updates that goes on after %i to %i says what that means", (steps, after, more, text) => {
  const given = { steps: more, warmup: 10, learning_rate: 0.01, final_learning_rate: 0 };
  const said = continuationText({ steps, after }, trainingOptions(given));
  expect(said).toContain(`continued: ${more} updates instead of ${steps}, after ${after} were made`);
  expect(said).toContain(text);
});

test("a training that an earlier version began goes on: options that it did not have are what they are by default", () => {
  const { out, spec } = begun(3);
  const file = join(out, "spec.json");
  const written = JSON.parse(readFileSync(file, "utf8"));
  const { crop, ...training } = written.training;
  const { window, ...model } = written.model;
  expect([crop, window]).toEqual(["auto", 0]);
  writeFileSync(file, JSON.stringify({ ...written, training, model }));
  expect(openTrainingFolder(out, spec, false)).toEqual([]);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(written);
  writeFileSync(file, JSON.stringify({ ...written, training, model }));
  const other = { ...spec, training: { ...spec.training, crop: "random" as const } };
  expect(() => openTrainingFolder(out, other, false)).toThrow('training.crop is "auto", not "random"');
});

test("another spec takes the folder where nothing has been learned yet", () => {
  const { out, spec } = begun();
  const other = { ...spec, training: { ...spec.training, steps: 9 } };
  openTrainingFolder(out, other, false);
  checkpoint(out, 1);
  openTrainingFolder(out, other, false);
  expect(() => openTrainingFolder(out, spec, false)).toThrow("a training of 9 updates, and 3 are asked for");
});

test("--overwrite removes what an earlier training left, and nothing else", () => {
  const { out, spec } = begun(1, 2);
  for (const name of ["metrics.jsonl", "notes.txt", "checkpoints/mine"]) writeFileSync(join(out, name), "");
  openTrainingFolder(out, { ...spec, seed: 5n }, true);
  expect(readdirSync(out, { recursive: true }).sort()).toEqual([
    "checkpoints",
    "checkpoints/mine",
    "notes.txt",
    "spec.json",
  ]);
});

test("the latest checkpoints are kept, by number, and nothing half written", () => {
  const { out } = begun(90, 1000, 250);
  mkdirSync(join(out, "checkpoints/step-00000700.tmp"));
  writeFileSync(join(out, "checkpoints/notes.txt"), "");
  keepLatestCheckpoints(out, 2);
  expect(readdirSync(join(out, "checkpoints")).sort()).toEqual(["notes.txt", "step-00000250", "step-00001000"]);
  keepLatestCheckpoints(out, 1);
  expect(existsSync(join(out, "checkpoints/step-00001000"))).toBe(true);
});

test("the spec.json of a training is a file for train, and is known again where the folder was moved", () => {
  const { out, spec: absolute } = begun();
  const place = absolute.dataset as DatasetPlace;
  const spec = { ...absolute, dataset: { ...place, given: relative(process.cwd(), place.path) } };
  openTrainingFolder(out, spec, false);
  checkpoint(out, 3);
  const written = readTrainingFile(join(out, "spec.json"));
  expect(written).toEqual({
    ...spec,
    dataset: { ...spec.dataset, given: expect.stringMatching(/^\.\.\/\.\.\/dataset-/) },
  });
  openTrainingFolder(out, written, false);
  const moved = join(out, "../../moved");
  renameSync(out, moved);
  openTrainingFolder(moved, spec, false);
  expect(readTrainingFile(join(moved, "spec.json")).dataset?.path).toBe(spec.dataset.path);
  const other = datasetFile(join(out, "../.."));
  const another = { ...spec, dataset: { given: other, path: other, isFile: true } };
  expect(() => openTrainingFolder(moved, another, false)).toThrow(/holds a training whose dataset is "\.\.\/dataset-/);
});

test.each(["e1", "e3"])("the spec.json of the shipped checkpoint %s names its dataset's file", (name) => {
  const spec = readTrainingFile(join(ROOT, "experiments/lin2023", name, "checkpoint/spec.json"));
  expect(spec.dataset?.path).toBe(join(ROOT, "experiments/lin2023", name, "dataset.yaml"));
});
