/** A training from its file to its last checkpoint: what `icrl train` puts together. Loaded only by it: it brings a back end. */
import {
  bestCheckpointFolder,
  type Checkpoint,
  checkpointFolder,
  type DataRecord,
  readCheckpoint,
  readTrainState,
  writeCheckpoint,
} from "../../agents/transformer/checkpoint.js";
import type { LearnerState } from "../../agents/transformer/learner.js";
import { type LearnerBackendName, learnerBackend } from "../../agents/transformer/learner-backends.js";
import type { EvaluationMetrics, Metrics, ValidationMetrics } from "../../agents/transformer/metrics.js";
import type { MixedPosition } from "../../agents/transformer/mixed-batches.js";
import type { ModelConfig } from "../../agents/transformer/model-config.js";
import { flopsPerToken, parameterCount } from "../../agents/transformer/parameters.js";
import { type TrainingState, train } from "../../agents/transformer/train.js";
import type { TrainingPosition } from "../../agents/transformer/training-data.js";
import { IcrlError } from "../../common/errors.js";
import { VERSION } from "../../common/version.js";
import { checkDocument, type DocumentKind, type Parts, schemaOf } from "../../datasets/files/document.js";
import type { JobListener } from "../listener.js";
import { type Beginning, beginModel, playedTokens } from "./begin-model.js";
import type { BatchShape, DataSource } from "./data-source.js";
import { cropOf, playContext } from "./long-trials.js";
import { openOfflineData } from "./offline-data.js";
import { type OnlinePosition, openOnlineRounds } from "./online-rounds.js";
import { playFresh } from "./play-fresh.js";
import { type Continuation, continuationText } from "./spec-changes.js";
import type { TrainingSpec } from "./training-file.js";
import { hasCheckpoint, keepLatestCheckpoints, openTrainingFolder } from "./training-folder.js";

/** What a training came to. */
export interface TrainingResult {
  /** Folder of its last checkpoint. */
  readonly checkpoint: string;
  /** Updates made. */
  readonly step: number;
  readonly tokens: number;
  readonly parameters: number;
  readonly flopsPerToken: number;
  readonly backend: string;
  /** How it was made longer, oldest first. */
  readonly continued: readonly Continuation[];
  /** Whether it ended before its last update, because validations got no better. */
  readonly early: boolean;
  /** The smallest validation loss, and the checkpoint of it where that is kept; null without validations. */
  readonly best: { readonly step: number; readonly loss: number; readonly checkpoint: string | null } | null;
  /** The last ones, if any. */
  readonly validation: ValidationMetrics | null;
  readonly evaluation: EvaluationMetrics | null;
  /** Of this run. */
  readonly seconds: number;
  /** Of this run, evaluations not counted; null where nothing was left to learn. */
  readonly tokensPerSecond: number | null;
}

/** Told by a training what it is at: as by any job until the first update, and then by these. */
export interface TrainingListener extends JobListener {
  /** What is done between updates, after so many of them. */
  interlude(what: "evaluating" | "validating" | "saving a checkpoint", step: number): void;
  /** @param tokens learned from in this run */
  metrics(metrics: Metrics, tokens: number): void;
}

/** What is trained, where and how. */
export interface TrainingPlan {
  readonly spec: TrainingSpec;
  /** Its folder. */
  readonly out: string;
  /** Begin anew: what an earlier training left is removed. */
  readonly overwrite: boolean;
  readonly backend: LearnerBackendName | "auto";
  /** Threads of the engine; as many as there are processors by default. */
  readonly threads?: number | undefined;
}

/**
 * Trains, or goes on with what is in the folder.
 *
 * @throws the signal's reason once it is aborted, a checkpoint saved
 * @throws what opening the folder and the data, the back end and `train` throw
 */
export async function runTraining(
  plan: TrainingPlan,
  listener: TrainingListener,
  signal: AbortSignal,
): Promise<TrainingResult> {
  const { spec, out } = plan;
  const startedAt = performance.now();
  const backend = await learnerBackend(plan.backend, spec.model, plan.threads);
  const continued = openTrainingFolder(out, spec, plan.overwrite);
  listener.say(`back end ${backend.name}: ${backend.description}`);
  const begun = hasCheckpoint(out) ? resume(out) : undefined;
  listener.doing("reading the data");
  const source = await openData(spec, out, begun?.state.position, listener, signal);
  if (begun !== undefined) requireSameData(out, begun.checkpoint, source);
  const { model, tokens, learned: beginning, from } = begun ?? (await beginModel(spec, source));
  const shape: BatchShape = { tokens, context: model.context, crop: cropOf(spec.training, model) };
  const validation = source.validation(shape);
  for await (const _ of validation?.() ?? []) break; // what is wrong with it is said now, not an hour later
  describe(model, shape, source.trialTokens(tokens), listener);
  if (begun !== undefined && begun.state.step < spec.training.steps) {
    const last = continued.at(-1);
    if (last !== undefined) listener.say(continuationText(last, spec.training));
    listener.say(`going on after update ${begun.state.step} of ${spec.training.steps}`);
  }
  if (from !== undefined && begun === undefined) {
    listener.say(
      `beginning with the model of ${spec.from?.path}, of ${from.step} updates for objective ${from.objective}`,
    );
  }

  const learner = await backend.create(model, spec.training, beginning);
  const checkpointAt = (learned: LearnerState, state: TrainingState) =>
    checkpointOf(spec, source, { model, tokens, from, continued }, backend.name, learned, state);
  const learningAt = performance.now();
  const tokensBefore = begun?.state.tokens ?? 0;
  let playedMs = 0;
  try {
    const end = await train({
      options: spec.training,
      seed: spec.seed,
      learner,
      out,
      from: begun?.state,
      earlierSteps: continued.at(-1)?.steps,
      batches: (position) => source.batches(shape, position),
      validation,
      save: async (learned, state) => {
        const { firstMoments, secondMoments } = learned;
        const kept = { firstMoments, secondMoments, state };
        writeCheckpoint(checkpointFolder(out, state.step), checkpointAt(learned, state), kept);
        keepLatestCheckpoints(out, spec.training.keepCheckpoints);
        source.release(state.position);
      },
      ...(spec.training.keepBest && {
        saveBest: async (learned: LearnerState, state: TrainingState) =>
          writeCheckpoint(bestCheckpointFolder(out), checkpointAt(learned, state)),
      }),
      evaluate: async (step) => {
        const beganAt = performance.now();
        const context = playContext(model, shape.crop, playedTokens(source, tokens));
        const played = await playFresh(spec, source.tasks, checkpointFolder(out, step), context ?? 0, signal);
        playedMs += performance.now() - beganAt;
        return played;
      },
      onMetrics: (metrics) => listener.metrics(metrics, metrics.type === "update" ? metrics.tokens - tokensBefore : 0),
      onInterlude: (what, step) => listener.interlude(what, step),
      signal,
    });
    if (!end.finished) {
      listener.say(`saved after update ${end.step}: the same command goes on from there`);
      throw signal.reason;
    }
    source.release();
    const endedAt = performance.now();
    const learned = end.tokens - tokensBefore;
    return {
      checkpoint: checkpointFolder(out, end.step),
      step: end.step,
      tokens: end.tokens,
      parameters: parameterCount(model),
      flopsPerToken: flopsPerToken(model),
      backend: backend.name,
      continued,
      early: end.early,
      best: end.best === undefined ? null : bestOf(spec, out, end.best),
      validation: end.validation ?? null,
      evaluation: end.evaluation ?? null,
      seconds: (endedAt - startedAt) / 1000,
      tokensPerSecond: learned > 0 ? (1000 * learned) / (endedAt - learningAt - playedMs) : null,
    };
  } finally {
    learner.close();
  }
}

function openData(
  spec: TrainingSpec,
  out: string,
  position: unknown,
  listener: JobListener,
  signal: AbortSignal,
): Promise<DataSource> {
  return spec.onlineTrials === undefined
    ? openOfflineData(spec, out, listener, signal)
    : openOnlineRounds(spec, spec.onlineTrials, out, position, listener, signal);
}

/** train-state.json: where the training was, and where it stood in its data: one dataset's, those of several, or those of its rounds. */
interface StoredState {
  readonly step: number;
  readonly tokens: number;
  readonly position?: TrainingPosition | MixedPosition | OnlinePosition;
}

function stateDocument({ z, count, list }: Parts) {
  const place = z.object({ epoch: count, batch: count });
  const mixed = z.object({ sequence: count, sets: list(place) });
  const position = z.union([place, mixed, z.object({ round: count, inside: z.optional(place) })]);
  return z.object({ step: count, tokens: count, position: z.optional(position) });
}

const STATE: DocumentKind<StoredState> = {
  schema: schemaOf<StoredState>()(stateDocument),
  reason: "CHECKPOINT_CORRUPT",
  remedy: "remove that checkpoint, or begin anew with --overwrite",
};

/** What the latest checkpoint holds. */
function resume(out: string) {
  const checkpoint = readCheckpoint(out);
  const kept = readTrainState(out);
  if (kept === undefined) {
    throw new IcrlError(
      "CHECKPOINT_CORRUPT",
      `the latest checkpoint of ${out} has no state to go on from: remove it, or begin anew with --overwrite`,
    );
  }
  const { firstMoments, secondMoments } = kept;
  const stored = checkDocument(kept.state, `the state of the latest checkpoint of ${out}`, STATE);
  const state: TrainingState = { ...stored, position: stored.position };
  const learned: LearnerState = { parameters: checkpoint.parameters, firstMoments, secondMoments, updates: state.step };
  const { model, tokens } = checkpoint;
  return { checkpoint, state, model, tokens, learned, from: checkpoint.training.from };
}

/** @throws DATASET_MISMATCH if another dataset now lies where the checkpoint's was */
function requireSameData(out: string, { training }: Checkpoint, { record }: DataSource): void {
  const [was, is] = [training.data, record].map(
    (data) => (Array.isArray(data) ? data : [data]) as readonly (DataRecord | null)[],
  );
  const other = Array.from({ length: Math.max(was.length, is.length) }, (_, k) => k).find(
    (k) => was[k]?.id !== is[k]?.id,
  );
  if (other === undefined) return;
  throw new IcrlError(
    "DATASET_MISMATCH",
    `${out} was begun with the dataset "${was[other]?.name}" (${was[other]?.id}), the one there now is "${is[other]?.name}" (${is[other]?.id}): put it back, or begin anew with --overwrite`,
  );
}

function bestOf({ training }: TrainingSpec, out: string, { step, loss }: ValidationMetrics) {
  return { step, loss, checkpoint: training.keepBest ? bestCheckpointFolder(out) : null };
}

function describe(model: ModelConfig, { crop }: BatchShape, whole: number, { say }: TrainingListener): void {
  const { context, tokenSize: features } = model;
  const flops = Math.round(flopsPerToken(model) / 1000).toLocaleString("en");
  say(
    `model: ${parameterCount(model).toLocaleString("en")} parameters, ${flops} k floating-point operations a token forward, context ${context} tokens of ${features} features`,
  );
  if (context >= whole) return;
  const which = crop === "random" ? "pieces that begin anywhere" : "only beginnings";
  say(`the longest trial has ${whole} tokens, the context ${context}: ${which} are learned from`);
}

function checkpointOf(
  { objective }: TrainingSpec,
  { tasks, record }: DataSource,
  {
    model,
    tokens,
    from,
    continued,
  }: Pick<Beginning, "model" | "tokens" | "from"> & { readonly continued: readonly Continuation[] },
  backend: string,
  { parameters }: LearnerState,
  state: TrainingState,
): Checkpoint {
  return {
    model,
    tokens,
    parameters,
    training: {
      objective: objective.name,
      step: state.step,
      tokens: state.tokens,
      data: record,
      tasks: tasks.map(({ id, task, options }) => ({ id, task, options })),
      icrlVersion: VERSION,
      backend,
      ...(continued.length > 0 && { continued }),
      ...(from !== undefined && { from }),
    },
  };
}
