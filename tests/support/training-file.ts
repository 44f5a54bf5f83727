/** Files of small trainings for tests of the command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTrainingFile, type TrainingSpec } from "#icrl/jobs/train/training-file.js";

let files = 0;

/** A small dataset's file, with some of its members replaced, in a folder. */
export function datasetFile(folder: string, changes: Record<string, unknown> = {}): string {
  const file = join(folder, `dataset-${files++}.yaml`);
  const spec = {
    name: "tiny",
    seed: 1,
    trials: 40,
    tasks: [{ id: "bandit", task: "bernoulli-bandit", options: { arms: 2, horizon: 4 } }],
    behaviours: [{ name: "thompson", agent: "thompson" }],
    ...changes,
  };
  writeFileSync(file, JSON.stringify(spec)); // JSON is YAML
  return file;
}

/** A small training's file, with some of its members replaced, beside its dataset's. */
export function trainingFile(folder: string, changes: Record<string, unknown> = {}): string {
  const file = join(folder, `training-${files++}.yaml`);
  const spec = {
    name: "tiny",
    seed: 1,
    dataset: "dataset" in changes ? undefined : datasetFile(folder),
    objective: "dpt",
    model: { layers: 1, width: 4, heads: 1 },
    ...changes,
    training: { steps: 3, batch: 4, ...(changes.training as object) },
  };
  writeFileSync(file, JSON.stringify(spec));
  return file;
}

/** What it asks for. */
export const trainingSpec = (folder: string, changes: Record<string, unknown> = {}): TrainingSpec =>
  readTrainingFile(trainingFile(folder, changes));
