/**
 * What a model is trained for, as a value: what is read of a dataset, which numbers the head gives beside the actions' logits, and what all of
 * them should be at each decision. The learners do the rest: the loss is
 *     sum over decisions of  w CE(y, softmax(logits))  +  sum over numbers n of  w_n (yhat_n - y_n)^2,
 * with every weight w the objective's own, so that what is not to be learned has weight 0, and an advantage may be a weight.
 *
 * Shapes: A maxActions, N numbers.
 */
import type { ColumnName, ColumnsByName } from "../../datasets/log/batch-columns.js";
import type { LabelColumns } from "../../datasets/read/read-dataset.js";
import type { TrialRows } from "./encode-trial.js";
import type { TokenConfig } from "./token-layout.js";

/** An objective. */
export interface Objective {
  /** As a training's file and a checkpoint have it. */
  readonly name: string;
  /** Labels of the dataset that it reads. */
  readonly labels: readonly string[];
  /** Columns that it reads beside those of tokens (TRIAL_COLUMNS). */
  readonly columns: readonly ColumnName[];
  /** N, numbers that the head gives at each decision beside the logits, a value for one. */
  readonly numbers: number;
  /** Writes what a piece of a trial should be answered with; gives how many of its decisions count: the loss is divided by them. */
  write(out: Targets, piece: TrialPiece, rules: TargetRules): number;
}

/** Objectives of one kind, whose names it knows: one, or as many as there are labels. */
export interface ObjectiveKind {
  /** What a training's file may say. */
  readonly usage: string;
  /** What is learned, and from whom that is; for people. */
  readonly learns: string;
  readonly source: string;
  /** The objective of a name; undefined where it is no name of this kind. */
  named(name: string): Objective | undefined;
}

/** Where targets are written, zeros until then. */
export interface Targets {
  /** [.., A], a distribution over the actions at each decision. */
  readonly targets: Float32Array;
  /** [..]: how much it counts. */
  readonly weights: Float32Array;
  /** [.., N] both: what each number should be, and how much it counts. */
  readonly numberTargets: Float32Array;
  readonly numberWeights: Float32Array;
}

/** Decisions of a trial. */
export interface TrialPiece {
  /** Its columns are those of tokens and those that the objective names: no others are read. */
  readonly trial: TrialRows & { readonly columns: ColumnsByName<ColumnName> };
  /** By name, those that the objective names. */
  readonly labels: Readonly<Record<string, LabelColumns>>;
  readonly tokens: TokenConfig;
  /** The first decision, from 0, over all of the trial's episodes, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Place of the first one in `Targets`. */
  readonly at: number;
}

/** How a label becomes targets. */
export interface TargetRules {
  /** Whether an expert's probabilities are taken where they are known, rather than its action. */
  readonly soft: boolean;
  /** e: a target p becomes (1 - e) p + e / n over the n actions of the task. */
  readonly smoothing: number;
}
