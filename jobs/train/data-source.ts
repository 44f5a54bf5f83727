/** Where a training's batches are from, and how a dataset is read for it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TrainingRecord } from "../../agents/transformer/checkpoint.js";
import { rewardStatistics, sequenceLength, tokenConfigOf } from "../../agents/transformer/token-config.js";
import type { TokenConfig } from "../../agents/transformer/token-layout.js";
import type { TrainingBatch } from "../../agents/transformer/train.js";
import { type TrainingDataOptions, trainingBatches } from "../../agents/transformer/training-data.js";
import { IcrlError } from "../../common/errors.js";
import {
  type DatasetManifest,
  datasetPath,
  readDatasetManifest,
  type TaskHead,
} from "../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../datasets/folder/truth-known.js";
import { requireInstances } from "../../datasets/read/instance-split.js";
import type { TrainingSpec } from "./training-file.js";

/** What batches are cut to. */
export interface BatchShape {
  readonly tokens: TokenConfig;
  /** Tokens of a sequence. */
  readonly context: number;
  /** What is taken of longer trials. */
  readonly crop: "prefix" | "random";
}

/** Batches to train on and to validate with: one dataset's (offline-data.ts), several mixed ones' (mixed-data.ts), or those of many rounds (online-rounds.ts). */
export interface DataSource {
  readonly tasks: readonly TaskHead[];
  /** The dataset, or the mixed ones, for the checkpoint; null where many are played in training. */
  readonly record: TrainingRecord["data"];
  /** Tokens that hold the tasks, with the rewards' mean and deviation. */
  tokenConfig(): Promise<TokenConfig>;
  /** Tokens of the longest trial. */
  trialTokens(tokens: TokenConfig): number;
  /** Endless, from a batch's `position` on. */
  batches(shape: BatchShape, position: unknown): AsyncIterable<TrainingBatch>;
  /** The same each time; undefined without validation. */
  validation(shape: BatchShape): (() => AsyncIterable<TrainingBatch>) | undefined;
  /** What lies before a position is not asked for again; without one, nothing is. */
  release(position?: unknown): void;
}

/** What a training's file says of reading a dataset. */
export function dataOptions(spec: TrainingSpec, dir: string, shape: BatchShape): TrainingDataOptions {
  const { batch, labelSmoothing, tokenMask, softTargets } = spec.training;
  return {
    dir,
    ...shape,
    objective: spec.objective,
    batch,
    seed: spec.seed,
    softTargets,
    labelSmoothing,
    tokenMask,
  };
}

/** Tokens for a dataset's tasks. */
export async function tokensOf(
  dir: string,
  { layout }: TrainingSpec,
  split: TrainingDataOptions["split"],
): Promise<TokenConfig> {
  return tokenConfigOf(readDatasetManifest(dir).tasks, layout, await rewardStatistics(dir, { split }));
}

/** Tokens of a dataset's longest trial. */
export function longestTrial({ tasks, subsample }: DatasetManifest, tokens: TokenConfig): number {
  return Math.max(...tasks.map((task) => sequenceLength(task, tokens, subsample)));
}

/** What validates with a dataset of its own: all of it, as far as it is looked at. */
export const ofItsOwn = (spec: TrainingSpec, dir: string, shape: BatchShape) => () =>
  validationBatches(spec, dir, shape, undefined);

/** A few sequences to validate with, in batches no larger than the training's. @param most of them that are looked at */
export async function* validationBatches(
  spec: TrainingSpec,
  dir: string,
  shape: BatchShape,
  split: TrainingDataOptions["split"],
  most = spec.training.validationSequences,
): AsyncGenerator<TrainingBatch> {
  const batch = Math.min(spec.training.batch, most);
  let left = Math.floor(most / batch);
  try {
    for await (const next of trainingBatches({ ...dataOptions(spec, dir, shape), use: "validation", batch, split })) {
      yield next;
      left -= 1;
      if (left === 0) return;
    }
  } catch (error) {
    if (!(error instanceof IcrlError) || error.reason !== "SELECTION_EMPTY" || split === undefined) throw error;
    const share = spec.training.validationShare;
    throw new IcrlError(
      "SELECTION_EMPTY",
      `no instance of ${dir} falls into the held-out share of ${share}: give a larger validation_share, 0 for no validation, another seed, or validation, another dataset's folder`,
    );
  }
}

/** Of imported data no instance can be held out, and none played. @throws TRUTH_UNKNOWN, SELECTION_EMPTY */
export function requireKnown(spec: TrainingSpec, dir: string, manifest: DatasetManifest): void {
  if (splitOf(spec) !== undefined) {
    requireTruth(dir, manifest, `validation_share ${HOLDS_OUT}, and which they are is not known: ${INSTEAD}`);
    requireInstances(dir, manifest, 2, `validation_share ${HOLDS_OUT}; ${INSTEAD}`);
  }
  const text = "are for tasks that this program has, and its are none: give evaluation_trials 0";
  if (spec.training.evaluationTrials > 0) requireTruth(dir, manifest, `evaluation_trials ${text}`);
}

const HOLDS_OUT = "holds out instances, so that none is on both sides";
const INSTEAD = "give validation, another dataset's folder, or validation_share 0";

/** The parts that instances are dealt to, those of all datasets by one rule; undefined where none is held out. */
export function splitOf({ seed, validation, training: { validationShare: share } }: TrainingSpec) {
  if (share === 0 || validation !== undefined) return undefined;
  return (part: "train" | "validation") => ({ parts: { train: 1 - share, validation: share }, seed, part });
}

/** What a checkpoint says of a dataset: its name, its id and the SHA-256 of its dataset.json. */
export function recordOf(dir: string, { name, id }: DatasetManifest) {
  const bytes = readFileSync(datasetPath(dir)); // it was read as a manifest
  return { name, id, sha256: createHash("sha256").update(bytes).digest("hex") };
}
