/** What one may choose of a training: `training` in its spec, and docs/training.md's table. */
import { IcrlError } from "../../common/errors.js";
import { boolean, choice, integer, number, type Resolved, resolveOptions } from "../../common/options.js";
import { type CamelCased, toCamelCase } from "../../common/snake-case.js";

/** The table. */
export const TRAINING_OPTIONS = {
  steps: integer({ default: 2000, min: 1, help: "updates" }),
  batch: integer({ default: 64, min: 1, max: 65_536, help: "sequences that are computed together" }),
  accumulate: integer({ default: 1, min: 1, max: 4096, help: "batches that make one update" }),
  learning_rate: number({ default: 1e-3, min: 0, help: "at its highest" }),
  schedule: choice(["cosine", "constant"], {
    default: "cosine",
    help: "the learning rate after its rise: half a cosine, from learning_rate at its top to final_learning_rate at the last update; or learning_rate throughout",
  }),
  final_learning_rate: number({ default: 1e-5, min: 0, help: "where the cosine ends" }),
  warmup: integer({ default: 100, min: 0, help: "updates in which the learning rate rises linearly from 0" }),
  weight_decay: number({ default: 1e-4, min: 0, help: "decoupled, of weight matrices alone" }),
  beta1: number({ default: 0.9, min: 0, max: 0.9999, help: "AdamW's decay of the mean gradient" }),
  beta2: number({ default: 0.999, min: 0, max: 0.999999, help: "AdamW's decay of the mean squared gradient" }),
  epsilon: number({ default: 1e-8, min: 1e-12, max: 1, help: "AdamW's addition to the root" }),
  clip: number({ default: 1, min: 0, help: "largest norm of the gradient; 0: any" }),
  label_smoothing: number({ default: 0, min: 0, max: 0.99, help: "share of each target given to all actions equally" }),
  token_mask: number({ default: 0, min: 0, max: 0.99, help: "share of outcomes hidden from the model" }),
  crop: choice(["auto", "prefix", "random"], {
    default: "auto",
    help: "what is learned from of trials longer than the context: prefix, their beginnings; random, pieces that begin at any step; auto, random where the model plays trials of any length, else prefix",
  }),
  soft_targets: boolean({
    default: true,
    help: "learn an expert's probabilities where its label has them, else its actions",
  }),
  validation_share: number({
    default: 0.02,
    min: 0,
    max: 0.5,
    help: "share of the instances held out; 0: no validation",
  }),
  validation_sequences: integer({ default: 512, min: 1, help: "held-out sequences that are looked at, at most" }),
  validation_every: integer({ default: 250, min: 1, help: "updates between validations" }),
  patience: integer({
    default: 0,
    min: 0,
    help: "validations in a row whose loss is not smaller than the smallest before, after which the training ends; 0: it goes on to the last update",
  }),
  evaluation_trials: integer({ default: 0, min: 0, help: "fresh trials that the model plays per evaluation; 0: none" }),
  evaluation_every: integer({ default: 500, min: 1, help: "updates between evaluations" }),
  checkpoint_every: integer({ default: 250, min: 1, help: "updates between checkpoints" }),
  keep_checkpoints: integer({ default: 2, min: 1, help: "checkpoints that are kept, the latest ones" }),
  keep_best: boolean({
    default: false,
    help: "keep the model of the smallest validation loss, too, in checkpoints/best",
  }),
} as const;

/** Choices made. */
export type TrainingOptions = CamelCased<Resolved<typeof TRAINING_OPTIONS>>;

/**
 * Checks what is chosen.
 *
 * @throws OPTION_UNKNOWN, OPTION_INVALID
 */
export function trainingOptions(given: Readonly<Record<string, unknown>>): TrainingOptions {
  const options = toCamelCase(resolveOptions(TRAINING_OPTIONS, given, "the training"));
  const asks = options.patience > 0 ? "patience" : options.keepBest ? "keep_best" : undefined;
  if (asks === undefined || options.validationShare > 0) return options;
  throw new IcrlError(
    "OPTION_INVALID",
    `option "${asks}" of the training takes validations, and validation_share is 0: give a share of the instances, or leave ${asks} out`,
    { option: asks },
  );
}

/**
 * Learning rate of an update, from 0: a linear rise over `warmup` updates, then half a cosine down to the last, or none.
 *
 * Source: Loshchilov & Hutter (2017), "SGDR", equation 5, without restarts.
 */
export function learningRateAt(update: number, options: TrainingOptions): number {
  const { learningRate: high, finalLearningRate: low, warmup, steps } = options;
  if (update < warmup) return (high * (update + 1)) / warmup;
  if (options.schedule === "constant") return high;
  const progress = Math.min(1, (update - warmup) / Math.max(1, steps - 1 - warmup));
  return low + (high - low) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
