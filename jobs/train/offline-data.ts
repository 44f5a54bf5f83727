/** One dataset, or several that are mixed, read again and again: most of its instances to train on, the others to validate with. */
import { join } from "node:path";
import { type TrainingPosition, trainingBatches } from "../../agents/transformer/training-data.js";
import { isDataset, readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { collectDataset } from "../collect/collect-dataset.js";
import { readDatasetFile } from "../collect/dataset-file.js";
import { type JobListener, silent } from "../listener.js";
import {
  type DataSource,
  dataOptions,
  longestTrial,
  ofItsOwn,
  recordOf,
  requireKnown,
  splitOf,
  tokensOf,
  validationBatches,
} from "./data-source.js";
import { openMixedData } from "./mixed-data.js";
import type { DatasetPlace, TrainingSpec } from "./training-file.js";

/**
 * Opens it: collects it in OUT/dataset if the training's file names a file to do so by.
 *
 * @param listener told how collecting goes on
 * @throws what `icrl dataset collect` and reading a dataset throw
 * @throws TRUTH_UNKNOWN if the file asks for what an imported dataset has not
 * @throws SELECTION_EMPTY if instances are to be held out, and a task has but one
 */
export async function openOfflineData(
  spec: TrainingSpec,
  out: string,
  listener: JobListener,
  signal: AbortSignal,
): Promise<DataSource> {
  if (spec.mixture !== undefined) return openMixedData(spec, spec.mixture);
  const dataset = spec.dataset as DatasetPlace;
  const dir = dataset.isFile ? join(out, "dataset") : dataset.path;
  if (dataset.isFile) {
    // One that is there is looked at, too: it must be the file's.
    const plan = { spec: readDatasetFile(dataset.path), source: dataset.path, out: dir };
    await collectDataset(plan, isDataset(dir) ? silent : listener, signal);
  }
  const manifest = readDatasetManifest(dir);
  requireKnown(spec, dir, manifest);
  const split = splitOf(spec);
  return {
    tasks: manifest.tasks,
    record: recordOf(dir, manifest),
    tokenConfig: () => tokensOf(dir, spec, split?.("train")),
    trialTokens: (tokens) => longestTrial(manifest, tokens),
    batches: (shape, from) =>
      trainingBatches({
        ...dataOptions(spec, dir, shape),
        split: split?.("train"),
        from: from as TrainingPosition | undefined,
      }),
    validation(shape) {
      if (spec.validation !== undefined) return ofItsOwn(spec, spec.validation.path, shape);
      return split && (() => validationBatches(spec, dir, shape, split("validation")));
    },
    release: () => undefined,
  };
}
