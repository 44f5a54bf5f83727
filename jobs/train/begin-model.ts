/** What a training begins with: a model of random parameters, or that of a checkpoint. */
import {
  type Checkpoint,
  findCheckpoint,
  modelHash,
  readCheckpoint,
  type TrainingRecord,
} from "../../agents/transformer/checkpoint.js";
import type { LearnerState } from "../../agents/transformer/learner.js";
import { type ModelConfig, modelConfig } from "../../agents/transformer/model-config.js";
import { initParameters } from "../../agents/transformer/parameters.js";
import { sequenceLength, taskShape } from "../../agents/transformer/token-config.js";
import { requireFits, type TokenConfig } from "../../agents/transformer/token-layout.js";
import { IcrlError } from "../../common/errors.js";
import { rngFromSeed } from "../../common/rng.js";
import { toSnakeCase } from "../../common/snake-case.js";
import type { DataSource } from "./data-source.js";
import { cropOf, playContext } from "./long-trials.js";
import type { TrainingSpec } from "./training-file.js";

/** A model before its first update. */
export interface Beginning {
  readonly model: ModelConfig;
  readonly tokens: TokenConfig;
  readonly learned: LearnerState;
  /** The checkpoint that its parameters are of, for its own; undefined: they are random. */
  readonly from: TrainingRecord["from"];
}

/**
 * Makes it, and sees that what it learns it could play.
 *
 * @throws OPTION_INVALID if it could not, or the checkpoint's model is another than the file's
 * @throws TASK_UNSUPPORTED if the checkpoint's model cannot hold one of the tasks
 * @throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_TOO_NEW, and what reading the data throws
 */
export async function beginModel(spec: TrainingSpec, source: DataSource): Promise<Beginning> {
  const begun = spec.from === undefined ? await newModel(spec, source) : warmModel(spec, spec.from.path, source);
  requirePlayable(spec, source, begun);
  return begun;
}

/** Tokens of the longest trial that is played. Datasets may hold only some of a trial's episodes; play has them all. */
export function playedTokens({ tasks }: DataSource, tokens: TokenConfig): number {
  return Math.max(...tasks.map((task) => sequenceLength(task, tokens, null)));
}

/** Tokens of a sequence. */
function wantedContext({ context }: TrainingSpec, source: DataSource, tokens: TokenConfig): number {
  const whole = source.trialTokens(tokens);
  return context === 0 ? whole : Math.min(context, whole);
}

async function newModel(spec: TrainingSpec, source: DataSource): Promise<Beginning> {
  const tokens = await source.tokenConfig();
  const model = modelConfig(spec.model, tokens, wantedContext(spec, source, tokens), spec.objective.numbers);
  const parameters = initParameters(model, rngFromSeed(spec.seed).split("parameters"));
  return { model, tokens, learned: atFirst(parameters), from: undefined };
}

const atFirst = (parameters: Map<string, Float32Array>): LearnerState => ({
  parameters,
  firstMoments: new Map(),
  secondMoments: new Map(),
  updates: 0,
});

/** The parameters of a checkpoint, under its tokens: what its rewards were normalised by is what its weights know. */
function warmModel(spec: TrainingSpec, path: string, source: DataSource): Beginning {
  const folder = findCheckpoint(path);
  const checkpoint = readCheckpoint(folder);
  requireSameModel(spec, folder, checkpoint);
  const { objective, step, tokens: seen } = checkpoint.training;
  const shapes = source.tasks.map(taskShape);
  for (const shape of shapes) requireFits(checkpoint.tokens, shape);
  // Layout chosen-arm takes any number of arms, and its targets have places for the most.
  const most = Math.max(checkpoint.tokens.maxActions, ...shapes.map(({ numActions }) => numActions));
  const tokens = { ...checkpoint.tokens, maxActions: most };
  const wanted = wantedContext(spec, source, tokens);
  const known = checkpoint.model.context;
  const isLearned = spec.model.positions === "learned";
  if (isLearned && wanted > known) {
    throw new IcrlError(
      "OPTION_INVALID",
      `the model of ${folder} has learned ${known} positions, and sequences are to have ${wanted} tokens: give context ${known}, or a checkpoint of longer ones`,
      { option: "context" },
    );
  }
  const model = modelConfig(spec.model, tokens, isLearned ? known : wanted, spec.objective.numbers);
  const from = { sha256: modelHash(folder), objective, step, tokens: seen };
  return { model, tokens, learned: atFirst(checkpoint.parameters), from };
}

/** What of a model its parameters depend on, by shape or by meaning. */
const FIXED = ["layers", "width", "heads", "ff_ratio", "attention", "norm", "positions"] as const;

/** @throws OPTION_INVALID */
function requireSameModel(spec: TrainingSpec, folder: string, { model, tokens }: Checkpoint): void {
  const differs = (name: string, theirs: unknown, ours: unknown) =>
    new IcrlError(
      "OPTION_INVALID",
      `from: the model of ${folder} has ${name} ${theirs}, the file asks for ${ours}: give ${name} ${theirs}, or another checkpoint`,
      { option: name },
    );
  if (tokens.layout !== spec.layout) throw differs("layout", tokens.layout, spec.layout);
  const [theirs, ours] = [toSnakeCase(model), toSnakeCase(spec.model)];
  const other = FIXED.find((name) => theirs[name] !== ours[name]);
  if (other !== undefined) throw differs(other, theirs[other], ours[other]);
  const [has, wants] = [model.numbers ?? 0, spec.objective.numbers];
  if (has === wants) return;
  throw new IcrlError(
    "OPTION_INVALID",
    `from: the head of the model of ${folder} gives ${has} numbers beside the logits, and objective ${spec.objective.name} wants ${wants}: give another checkpoint`,
    { option: "objective" },
  );
}

/** @throws OPTION_INVALID if it could not play what it learns, or what it is to be evaluated by */
function requirePlayable(spec: TrainingSpec, source: DataSource, { model, tokens }: Beginning): void {
  const crop = cropOf(spec.training, model);
  const cannot = (length: number) => playContext(model, crop, length) === undefined;
  const ways = `crop random, to play with its last ${model.context} tokens, or a window and any positions but learned`;
  const [whole, played] = [source.trialTokens(tokens), playedTokens(source, tokens)];
  if (spec.training.evaluationTrials > 0 && cannot(played)) {
    throw new IcrlError(
      "OPTION_INVALID",
      `the model cannot play evaluation_trials: a trial has ${played} tokens, its context ${model.context}; give evaluation_trials 0, a larger context, ${ways}`,
      { option: "evaluation_trials" },
    );
  }
  if (spec.training.crop === "auto" && cannot(whole)) {
    throw new IcrlError(
      "OPTION_INVALID",
      `the model could not play what it is trained on: a trial has ${whole} tokens, its context ${model.context}, and it would know beginnings alone; give context 0 for whole trials, ${ways}; or crop prefix, if beginnings are all that it is for`,
      { option: "context" },
    );
  }
}
