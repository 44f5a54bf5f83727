/**
 * The training loop: batches in, checkpoints and metrics out. It may be stopped anywhere: what it does at an update is a function
 * of the seed and of the updates before, so that it goes on from its last checkpoint as if it had never stopped.
 */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import { hash64 } from "../../common/seeds.js";
import type { Learner, LearnerState, LearningBatch } from "./learner.js";
import {
  type Evaluation,
  type EvaluationMetrics,
  type Metrics,
  openMetrics,
  type ValidationMetrics,
} from "./metrics.js";
import { learningRateAt, type TrainingOptions } from "./training-options.js";

/** A batch of the training stream, and how to come back to the place after it. */
export interface TrainingBatch extends LearningBatch {
  /** Where the stream goes on after this batch, as JSON. */
  readonly position: unknown;
}

/** Where a training was. */
export interface TrainingState {
  /** Updates made. */
  readonly step: number;
  readonly tokens: number;
  /** Of the stream of batches. */
  readonly position: unknown;
}

/** How a run of a training ended. */
export interface TrainingEnd extends TrainingState {
  /** False where it was told to stop before. */
  readonly finished: boolean;
  /** Whether it ended before the last update, because validations did not get better. */
  readonly early: boolean;
  /** The last ones, if any. */
  readonly validation: ValidationMetrics | undefined;
  readonly evaluation: EvaluationMetrics | undefined;
  /** The validation of the smallest loss, if any. */
  readonly best: ValidationMetrics | undefined;
}

/** What a training is made of. */
export interface Training {
  readonly options: TrainingOptions;
  readonly seed: bigint;
  readonly learner: Learner;
  /** Folder of metrics.jsonl; it exists. */
  readonly out: string;
  /** Where to go on; absent: at the beginning. */
  readonly from: TrainingState | undefined;
  /** Updates that it was to have before it was made longer, when it was; absent: never. */
  readonly earlierSteps?: number;
  /** Endless batches from a place on. */
  batches(position: unknown): AsyncIterable<TrainingBatch>;
  /** Held-out batches, the same each time; absent: no validation. */
  readonly validation: (() => AsyncIterable<LearningBatch>) | undefined;
  /** Writes a checkpoint. */
  save(learned: LearnerState, state: TrainingState): Promise<void>;
  /** Keeps what was learned so far as the best, after a validation of a smaller loss than any before; absent: nothing is kept. */
  saveBest?(learned: LearnerState, state: TrainingState): Promise<void>;
  /** Plays fresh instances with the checkpoint that was just saved. */
  evaluate?(step: number): Promise<Evaluation>;
  /** Told what is done between updates, after so many of them, before it begins. */
  onInterlude?(what: "evaluating" | "validating" | "saving a checkpoint", step: number): void;
  /** Told every line of metrics. */
  onMetrics?(metrics: Metrics): void;
  /** Once it is aborted, the training saves a checkpoint after the update under way and stops; an evaluation under way may fail. */
  readonly signal?: AbortSignal;
}

/**
 * Trains to the last update, until validations get no better where that is an end, or until it is told to stop; resolves with where it
 * then is.
 *
 * @throws TRAINING_DIVERGED if a loss is no number
 */
export async function train(training: Training): Promise<TrainingEnd> {
  const { options, learner, signal } = training;
  let state: TrainingState = training.from ?? { step: 0, tokens: 0, position: undefined };
  const metrics = openMetrics(join(training.out, "metrics.jsonl"), state.step);
  const record = (line: Metrics) => {
    metrics.record(line);
    training.onMetrics?.(line);
  };
  const { earlierSteps } = training;
  if (earlierSteps !== undefined && metrics.last("continuation")?.steps !== options.steps) {
    record({ type: "continuation", step: state.step, steps: options.steps, earlierSteps });
  }
  let saved = true; // what was learned so far
  const save = async () => {
    if (saved) return;
    training.onInterlude?.("saving a checkpoint", state.step);
    metrics.sync();
    await training.save(await learner.state(), state);
    saved = true;
  };
  const stopping = () => signal?.aborted === true && state.step > 0;
  const early = () => options.patience > 0 && (metrics.best()?.since ?? 0) >= options.patience;
  const ended = () => state.step === options.steps || early();
  const due = (every: number) => state.step > 0 && (state.step % every === 0 || ended());
  const evaluationDue = () =>
    training.evaluate !== undefined &&
    options.evaluationTrials > 0 &&
    due(options.evaluationEvery) &&
    metrics.last("evaluation")?.step !== state.step;
  const started = performance.now();
  const stream = training.batches(state.position)[Symbol.asyncIterator]();
  try {
    for (;;) {
      await setImmediate(); // signals are taken between updates, also where computing them waits for nothing
      if (stopping() || evaluationDue() || due(options.checkpointEvery)) await save();
      if (!stopping() && evaluationDue()) {
        training.onInterlude?.("evaluating", state.step);
        await evaluate(training, state.step, record);
      }
      if (stopping() || ended()) {
        await save(); // where it was told to only just now
        break;
      }
      const { tokens, position, ...learned } = await learn(training, stream, state.step);
      saved = false;
      state = { step: state.step + 1, tokens: state.tokens + tokens, position };
      const seconds = (performance.now() - started) / 1000;
      record({ type: "update", step: state.step, ...learned, tokens: state.tokens, seconds });
      if (training.validation !== undefined && due(options.validationEvery)) {
        training.onInterlude?.("validating", state.step);
        record(await validate(learner, training.validation(), state.step));
        const isBest = metrics.best()?.validation.step === state.step;
        if (isBest && training.saveBest !== undefined) await training.saveBest(await learner.state(), state);
      }
    }
    return {
      ...state,
      finished: ended() && !evaluationDue(),
      early: early() && state.step < options.steps,
      validation: metrics.last("validation"),
      evaluation: metrics.last("evaluation"),
      best: metrics.best()?.validation,
    };
  } finally {
    metrics.close();
    await stream.return?.();
  }
}

/** Plays fresh instances; one that was broken off is made up for when the training goes on. */
async function evaluate(training: Training, step: number, record: (line: Metrics) => void): Promise<void> {
  try {
    record({ type: "evaluation", step, ...((await training.evaluate?.(step)) as Evaluation) });
  } catch (error) {
    if (training.signal?.aborted !== true) throw error;
  }
}

/** One update: update `step` (from 0) of the training. */
async function learn({ options, seed, learner }: Training, stream: AsyncIterator<TrainingBatch>, step: number) {
  let loss = 0;
  let decisions = 0;
  let tokens = 0;
  let position: unknown;
  for (let part = 0; part < options.accumulate; part += 1) {
    const { value: batch, done } = await stream.next();
    if (done === true) throw new RangeError("the stream of training batches ended");
    loss += await learner.accumulate(batch, dropoutSeed(seed, step, part));
    decisions += batch.decisions;
    tokens += batch.sequences * batch.length;
    position = batch.position;
  }
  if (!Number.isFinite(loss)) {
    throw new IcrlError(
      "TRAINING_DIVERGED",
      `the loss of update ${step + 1} is ${loss}: begin anew with a lower learning_rate, a longer warmup or a smaller clip`,
    );
  }
  const learningRate = learningRateAt(step, options);
  const gradientNorm = await learner.update(learningRate, decisions);
  return {
    loss: loss / decisions,
    learningRate,
    gradientNorm,
    decisions,
    tokens,
    position,
  };
}

/** A whole number below 2^31. */
function dropoutSeed(seed: bigint, step: number, part: number): number {
  return Number(BigInt.asUintN(31, hash64(["icrl.v1", "dropout", String(seed), `${step}`, `${part}`])));
}

/** Looks at held-out batches. */
async function validate(
  learner: Learner,
  batches: AsyncIterable<LearningBatch>,
  step: number,
): Promise<ValidationMetrics> {
  let loss = 0;
  let agreed = 0;
  let squared: number | undefined;
  let decisions = 0;
  let entropy = 0;
  let marginal: number[] | undefined;
  for await (const batch of batches) {
    const answered = await learner.evaluate(batch);
    loss += answered.loss;
    agreed += answered.agreed;
    decisions += batch.decisions;
    if (batch.numbers !== undefined) squared = (squared ?? 0) + answered.squared;
    const actions = batch.targets.length / batch.weights.length;
    marginal ??= new Array<number>(actions).fill(0);
    for (const [at, weight] of batch.weights.entries()) {
      if (weight === 0) continue;
      for (let a = 0; a < actions; a += 1) {
        const p = batch.targets[at * actions + a];
        if (p > 0) entropy -= weight * p * Math.log(p);
        marginal[a] += weight * p;
      }
    }
  }
  const plogp = (p: number) => (p > 0 ? p * Math.log(p) : 0);
  const marginalEntropy = -(marginal ?? []).reduce((sum, mass) => sum + plogp(mass / decisions), 0);
  return {
    type: "validation",
    step,
    loss: loss / decisions,
    targetEntropy: entropy / decisions,
    marginalEntropy,
    agreement: agreed / decisions,
    decisions,
    ...(squared !== undefined && { squaredError: squared / decisions }),
  };
}
