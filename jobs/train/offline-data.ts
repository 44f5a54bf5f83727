/** One dataset, read again and again: most of its instances to train on, the others to validate with. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TrainingPosition, trainingBatches } from "../../agents/transformer/training-data.js";
import {
  type DatasetManifest,
  datasetPath,
  isDataset,
  readDatasetManifest,
} from "../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../datasets/folder/truth-known.js";
import { requireInstances } from "../../datasets/read/instance-split.js";
import { collectDataset } from "../collect/collect-dataset.js";
import { readDatasetFile } from "../collect/dataset-file.js";
import { type JobListener, silent } from "../listener.js";
import { type DataSource, dataOptions, longestTrial, ofItsOwn, tokensOf, validationBatches } from "./data-source.js";
import type { TrainingSpec } from "./training-file.js";

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
  const { dataset } = spec;
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

/** Of imported data no instance can be held out, and none played. @throws TRUTH_UNKNOWN, SELECTION_EMPTY */
function requireKnown(spec: TrainingSpec, dir: string, manifest: DatasetManifest): void {
  if (splitOf(spec) !== undefined) {
    requireTruth(dir, manifest, `validation_share ${HOLDS_OUT}, and which they are is not known: ${INSTEAD}`);
    requireInstances(dir, manifest, 2, `validation_share ${HOLDS_OUT}; ${INSTEAD}`);
  }
  const text = "are for tasks that this program has, and its are none: give evaluation_trials 0";
  if (spec.training.evaluationTrials > 0) requireTruth(dir, manifest, `evaluation_trials ${text}`);
}

const HOLDS_OUT = "holds out instances, so that none is on both sides";
const INSTEAD = "give validation, another dataset's folder, or validation_share 0";

/** The parts that instances are dealt to; undefined where none is held out. */
function splitOf({ seed, validation, training: { validationShare: share } }: TrainingSpec) {
  if (share === 0 || validation !== undefined) return undefined;
  return (part: "train" | "validation") => ({ parts: { train: 1 - share, validation: share }, seed, part });
}

function recordOf(dir: string, { name, id }: DatasetManifest) {
  const bytes = readFileSync(datasetPath(dir)); // it was read as a manifest
  return { name, id, sha256: createHash("sha256").update(bytes).digest("hex") };
}
