/**
 * Batches to train on: a dataset's trials as token sequences of one length, with what should be decided at each step. Read as a
 * stream, in bounded memory.
 *
 * Order: each epoch is a permutation of the trials (datasets/read/read-dataset.ts), the sequences of all tasks mixed. In training a batch
 * is always full: what does not fill one at the end of an epoch is left out of that epoch, other trials in each. Everything is a
 * function of the options, epoch and place in the epoch, so that reading can go on anywhere.
 *
 * Shapes: B sequences, L tokens of a sequence, T = ceil(L / tokens a step) decisions, F features of a token, A actions.
 */
import { IcrlError } from "../../common/errors.js";
import { type Key, keyFromSeed, noiseRng, noiseUniform } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { type DatasetManifest, readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { truthKnown } from "../../datasets/folder/truth-known.js";
import type { ColumnName } from "../../datasets/log/batch-columns.js";
import { type DatasetBatch, readDataset } from "../../datasets/read/read-dataset.js";
import { decisionsIn, decisionsOf, encodeTrial, TRIAL_COLUMNS, writeArms } from "./encode-trial.js";
import type { LearningBatch } from "./learner.js";
import type { Objective } from "./objective.js";
import { type DatasetTaskShape, type Selection, taskShape } from "./token-config.js";
import { requireFits, type TokenConfig, tokenSize } from "./token-layout.js";

/** Where reading is: the batch of the epoch that comes next. */
export interface TrainingPosition {
  readonly epoch: number;
  readonly batch: number;
}

/** Which batches. */
export interface TrainingDataOptions extends Selection {
  /** The dataset's folder. */
  readonly dir: string;
  readonly tokens: TokenConfig;
  readonly objective: Objective;
  /** L, tokens of a sequence: shorter trials are filled up with zeros. */
  readonly context: number;
  /** B, sequences of a batch. */
  readonly batch: number;
  /** Of the order, the pieces and what is hidden. */
  readonly seed: bigint;
  /**
   * `training` (default): for ever, full batches alone. `validation`: once, all trials in shuffled order, so that the first of them are a
   * fair sample, the last batch perhaps smaller; no smoothing, nothing hidden.
   */
  readonly use?: "training" | "validation";
  /** How often everything is read; Infinity in training, 1 in validation by default. */
  readonly epochs?: number;
  /** Whether an expert's probabilities are the targets where they are known, rather than its actions; true by default. */
  readonly softTargets?: boolean;
  /** e: a target p becomes (1 - e) p + e / n over the n actions of the task; 0 by default. */
  readonly labelSmoothing?: number;
  /** Share of the outcomes that are hidden, each drawn by itself; 0 by default. */
  readonly tokenMask?: number;
  /**
   * What is taken of a trial longer than the context: its beginning (default), or a piece that begins at any step, all equally likely. A
   * piece is as if the trial began with it, which is what a model sees that is shown its last tokens alone.
   */
  readonly crop?: "prefix" | "random";
  /** Where to begin: a batch's `position`, with the same options. */
  readonly from?: TrainingPosition;
}

/** Sequences of trials. All arrays are the batch's own: whoever has it may keep and change them. */
export interface TrialBatch extends LearningBatch {
  /** Sequences whose trial is longer than the context. */
  readonly cropped: number;
  /** What comes next. */
  readonly position: TrainingPosition;
}

/** What is drawn for a sequence. */
const DRAW = { piece: 0, hidden: 1 } as const;

/**
 * Batches of a dataset.
 *
 * @throws LABEL_UNKNOWN if it has not what the objective learns from
 * @throws TASK_UNSUPPORTED if the tokens cannot hold one of its tasks
 * @throws OPTION_INVALID if there are fewer trials than a batch has in training
 * @throws SELECTION_EMPTY if nothing is selected
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW, LOG_CORRUPT as readDataset does
 */
export async function* trainingBatches(options: TrainingDataOptions): AsyncGenerator<TrialBatch> {
  const { dir, tokens: config, objective, batch: size, seed, task, behaviour, split, from } = options;
  const training = options.use !== "validation";
  const manifest = readDatasetManifest(dir);
  requireLabels(dir, manifest, objective);
  const tasks = new Map(
    manifest.tasks.filter(({ id }) => task === undefined || id === task).map((t) => [t.id, taskShape(t)]),
  );
  for (const shape of tasks.values()) {
    requireFits(config, shape);
    // Layout chosen-arm plays with any number of arms, but its targets have places for so many.
    if (shape.numActions > config.maxActions) {
      throw new RangeError(`${shape.numActions} actions in batches of ${config.maxActions}`);
    }
  }
  const makeBatch = batchMaker(options, tasks);
  const batches = readDataset<ColumnName>(dir, {
    columns: [...new Set<ColumnName>([...TRIAL_COLUMNS, "task_id", ...objective.columns])],
    labels: objective.labels,
    unit: "trial",
    batchUnits: size,
    shuffle: seed,
    epochs: options.epochs ?? (training ? Number.POSITIVE_INFINITY : 1),
    task,
    behaviour,
    split,
    from,
  });
  for await (const read of batches) {
    const trials = read.units.length - 1;
    if (training && trials < size) {
      if (read.index > 0) continue;
      throw new IcrlError(
        "OPTION_INVALID",
        `a batch of ${size} sequences is more than the ${trials} trials of ${dir} to train on: give a smaller one`,
        { option: "batch" },
      );
    }
    const made = makeBatch(read);
    if (made.decisions === 0) throw nothingToLearn(dir, objective);
    yield made;
  }
}

/** Sees that a dataset has what an objective learns from. @throws LABEL_UNKNOWN */
export function requireLabels(dir: string, manifest: DatasetManifest, { labels }: Objective): void {
  for (const label of labels) requireLabel(dir, manifest, label);
}

function requireLabel(dir: string, manifest: DatasetManifest, label: string): void {
  const { labels } = manifest;
  if (Object.hasOwn(labels, label)) return;
  const imported = !truthKnown(manifest);
  const own = Object.keys(labels).filter((name) => name !== "self");
  const objectives = ["ad", ...own.map((name) => `expert:${name}`)].join(" or ");
  const hint = imported
    ? `: it was imported, without the truth; give objective ${objectives}`
    : label === "self" || label === "optimal"
      ? ""
      : `: \`icrl dataset label ${dir} --expert ${label}\` adds it`;
  const text = `${dir} has no label "${label}", it has ${Object.keys(labels).join(", ")}${hint}`;
  throw new IcrlError("LABEL_UNKNOWN", text, { label });
}

function nothingToLearn(dir: string, { name, labels }: Objective): IcrlError {
  const what = labels.length === 0 ? `decision for objective ${name}` : `action of label "${labels.join('" or "')}"`;
  const text = `${dir} has trials without a single ${what}: leave them out, or give an objective that all have`;
  return new IcrlError("LABEL_UNKNOWN", text, { label: labels[0] ?? "" });
}

/** Makes the function that turns what was read into a batch. */
function batchMaker(options: TrainingDataOptions, tasks: ReadonlyMap<string, DatasetTaskShape>) {
  const { tokens: config, objective, context, batch: size, seed, crop = "prefix", softTargets = true } = options;
  const training = options.use !== "validation";
  const rules = { soft: softTargets, smoothing: training ? (options.labelSmoothing ?? 0) : 0 };
  const mask = training ? (options.tokenMask ?? 0) : 0;
  const key = keyFromSeed(hash64(["icrl.v1", "training-data", String(seed)]));
  const features = tokenSize(config);
  const steps = decisionsIn(context, config);
  const shapeOf = shapeByTask(tasks);

  return ({ epoch, index, units, columns, labels }: DatasetBatch<ColumnName>): TrialBatch => {
    const sequences = units.length - 1;
    const tokens = new Float32Array(sequences * context * features);
    const targets = new Float32Array(sequences * steps * config.maxActions);
    const weights = new Float32Array(sequences * steps);
    const ofNumbers = sequences * steps * objective.numbers;
    const numbers =
      ofNumbers === 0 ? undefined : { targets: new Float32Array(ofNumbers), weights: new Float32Array(ofNumbers) };
    const arms =
      config.layout === "chosen-arm" ? new Float32Array(sequences * steps * config.maxActions * config.dim) : undefined;
    const numActions = new Int32Array(sequences);
    const none = new Float32Array();
    const out = { targets, weights, numberTargets: numbers?.targets ?? none, numberWeights: numbers?.weights ?? none };
    let decisions = 0;
    let cropped = 0;
    for (let i = 0; i < sequences; i += 1) {
      const [from, to] = [units[i], units[i + 1]];
      const shape = shapeOf(columns.task_id[from] as string);
      const trial = { columns, from, to, shape };
      const place = index * size + i; // in the epoch
      const beyond = decisionsOf(trial) - steps;
      if (beyond > 0) cropped += 1;
      const first = beyond > 0 && crop === "random" ? pieceStart(key, epoch, place, beyond) : 0;
      const hides = mask > 0 ? hider(key, epoch, place, mask) : undefined;
      const count = encodeTrial(tokens, i * context * features, config, trial, { first, length: context }, hides);
      decisions += objective.write(out, { trial, labels, tokens: config, first, count, at: i * steps }, rules);
      if (arms !== undefined) writeArms(arms, i * steps, config.maxActions, trial, first, count);
      numActions[i] = shape.numActions;
    }
    const position = { epoch, batch: index + 1 };
    return {
      sequences,
      length: context,
      tokens,
      targets,
      weights,
      numbers,
      arms,
      decisions,
      numActions,
      cropped,
      position,
    };
  };
}

/** Where a piece begins, 0 to `beyond`, all equally likely. */
function pieceStart(key: Key, epoch: number, place: number, beyond: number): number {
  return Math.floor(noiseUniform(key, epoch, place, DRAW.piece) * (beyond + 1));
}

/** Says of one outcome after the other whether it is hidden. */
function hider(key: Key, epoch: number, place: number, share: number): () => boolean {
  const rng = noiseRng(key, epoch, place, DRAW.hidden);
  return () => rng.uniform() < share;
}

/** Makes the function that gives the task of a row, by its id. */
function shapeByTask(tasks: ReadonlyMap<string, DatasetTaskShape>) {
  return (id: string): DatasetTaskShape => {
    const shape = tasks.get(id);
    if (shape !== undefined) return shape;
    const text = `a trial is of task "${id}", which dataset.json does not list: restore it from a backup`;
    throw new IcrlError("DATASET_CORRUPT", text);
  };
}
