/** Several datasets, mixed by weights: of each most of its instances to train on, the others to validate with. */
import { isDeepStrictEqual } from "node:util";
import { type MixedPosition, mixedBatches, mixedSetSeed, sharesOf } from "../../agents/transformer/mixed-batches.js";
import {
  mixedRewards,
  type RewardMoments,
  rewardMoments,
  tokenConfigOf,
} from "../../agents/transformer/token-config.js";
import type { TrainingBatch } from "../../agents/transformer/train.js";
import { requireLabels, trainingBatches } from "../../agents/transformer/training-data.js";
import { IcrlError } from "../../common/errors.js";
import { type DatasetManifest, readDatasetManifest, type TaskHead } from "../../datasets/folder/dataset-manifest.js";
import {
  type BatchShape,
  type DataSource,
  dataOptions,
  longestTrial,
  ofItsOwn,
  recordOf,
  requireKnown,
  splitOf,
  validationBatches,
} from "./data-source.js";
import type { TrainingSpec, WeightedDataset } from "./training-file.js";

/** One of the sets. */
interface Opened extends WeightedDataset {
  readonly manifest: DatasetManifest;
}

/**
 * Opens them.
 *
 * @throws LABEL_UNKNOWN if one has not what the objective learns from
 * @throws SPEC_INVALID if two of them call different tasks by one id
 * @throws TRUTH_UNKNOWN, SELECTION_EMPTY for each of them, as for one dataset
 * @throws what reading a dataset throws
 */
export function openMixedData(spec: TrainingSpec, mixture: readonly WeightedDataset[]): DataSource {
  const sets = mixture.map((set): Opened => ({ ...set, manifest: readDatasetManifest(set.path) }));
  for (const { path, manifest } of sets) {
    requireKnown(spec, path, manifest);
    requireLabels(path, manifest, spec.objective);
  }
  const tasks = tasksOf(sets);
  const split = splitOf(spec);
  const shares = sharesOf(sets);
  return {
    tasks,
    record: sets.map(({ path, manifest, weight }) => ({ ...recordOf(path, manifest), weight })),
    async tokenConfig() {
      const moments: RewardMoments[] = [];
      for (const { path } of sets) moments.push(await rewardMoments(path, { split: split?.("train") }));
      // A step of a sequence that is drawn: sets of long trials have more of them.
      const steps = sets.map(({ manifest }, k) => (shares[k] * manifest.steps) / manifest.trials);
      return tokenConfigOf(tasks, spec.layout, mixedRewards(moments, steps));
    },
    trialTokens: (tokens) => Math.max(...sets.map(({ manifest }) => longestTrial(manifest, tokens))),
    batches: (shape, from) =>
      mixedBatches(
        sets.map(({ path, weight }, k) => ({
          weight,
          sequences: (position) =>
            trainingBatches({
              ...dataOptions(spec, path, shape),
              batch: 1,
              seed: mixedSetSeed(spec.seed, k),
              split: split?.("train"),
              from: position,
            }),
        })),
        spec.training.batch,
        spec.seed,
        from as MixedPosition | undefined,
      ),
    validation(shape) {
      if (spec.validation !== undefined) return ofItsOwn(spec, spec.validation.path, shape);
      return split && (() => mixedValidation(spec, sets, shares, shape, split("validation")));
    },
    release: () => undefined,
  };
}

/** Held-out sequences of each set in turn: its share of those that are looked at, and one at least. */
async function* mixedValidation(
  spec: TrainingSpec,
  sets: readonly Opened[],
  shares: readonly number[],
  shape: BatchShape,
  split: Parameters<typeof validationBatches>[3],
): AsyncGenerator<TrainingBatch> {
  for (const [k, { path }] of sets.entries()) {
    const most = Math.max(1, Math.round(shares[k] * spec.training.validationSequences));
    yield* validationBatches(spec, path, shape, split, most);
  }
}

/** The tasks of all sets; those that several have once. */
function tasksOf(sets: readonly Opened[]): TaskHead[] {
  const tasks = new Map<string, { readonly task: TaskHead; readonly path: string }>();
  for (const { path, manifest } of sets) {
    for (const task of manifest.tasks) {
      const known = tasks.get(task.id);
      if (known === undefined) tasks.set(task.id, { task, path });
      else if (!isDeepStrictEqual(whatIs(known.task), whatIs(task))) {
        const [here, there] = [task, known.task].map((one) => JSON.stringify(whatIs(one)));
        throw new IcrlError(
          "SPEC_INVALID",
          `dataset: task "${task.id}" of ${path} is ${here}, and of ${known.path} ${there}: one id names one task, in evaluations too; collect one of them under another id`,
        );
      }
    }
  }
  return [...tasks.values()].map(({ task }) => task);
}

const whatIs = ({ task, options }: TaskHead) => ({ task, options });
