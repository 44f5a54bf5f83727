/**
 * The training loop: batches in, checkpoints and metrics out. It may be stopped anywhere: what it does at an update is a function
 * of the seed and of the updates before, so that it goes on from its last checkpoint as if it had never stopped.
 *
 * `metrics.jsonl` has one line an update, and one for each validation and evaluation; going on cuts off what came after the
 * checkpoint.
 */
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { hash64 } from "../../common/seeds.js";
import type { Learner, LearnerState, LearningBatch } from "./learner.js";
import { learningRateAt, type TrainingOptions } from "./training-options.js";

/** A batch of the training stream, and how to come back to the place after it. */
export interface TrainingBatch extends LearningBatch {
  /** Where the stream goes on after this batch, as JSON. */
  readonly position: unknown;
}

/** A line of metrics.jsonl. Losses are nats a decision. */
export type Metrics =
  | {
      readonly type: "update";
      readonly step: number;
      readonly loss: number;
      readonly learning_rate: number;
      readonly gradient_norm: number;
      /** Decisions learned from, in this update. */
      readonly decisions: number;
      /** Tokens so far, those after sequences' ends included. */
      readonly tokens: number;
      /** Of this run, in it. */
      readonly seconds: number;
    }
  | {
      readonly type: "validation";
      readonly step: number;
      /** Cross-entropy of the targets. */
      readonly loss: number;
      /** The targets' own entropy: the least a loss can be. */
      readonly target_entropy: number;
      /** Entropy of the targets' mean: the loss of who knows only how often each action is right. */
      readonly marginal_entropy: number;
      /** Share of decisions whose likeliest action is the target's. */
      readonly agreement: number;
      readonly decisions: number;
    }
  | ({ readonly type: "evaluation"; readonly step: number } & Readonly<Record<string, unknown>>);

/** Where a training was. */
export interface TrainingState {
  /** Updates made. */
  readonly step: number;
  readonly tokens: number;
  /** Of the stream of batches. */
  readonly position: unknown;
  /** Last validation, if any. */
  readonly validation: Metrics | undefined;
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
  /** Endless batches from a place on. */
  batches(position: unknown): AsyncIterable<TrainingBatch>;
  /** Held-out batches, the same each time; absent: no validation. */
  readonly validation: (() => AsyncIterable<LearningBatch>) | undefined;
  /** Writes a checkpoint. */
  save(learned: LearnerState, state: TrainingState): Promise<void>;
  /** Plays fresh instances with the checkpoint that was just saved. */
  evaluate?(step: number): Promise<Readonly<Record<string, unknown>>>;
  /** Told every line of metrics. */
  onMetrics?(metrics: Metrics): void;
  /** Once it is aborted, the training saves a checkpoint after the update under way and stops. */
  readonly signal?: AbortSignal;
}

/**
 * Trains to the last update, or until it is told to stop; resolves with where it then is.
 *
 * @throws TRAINING_DIVERGED if a loss is no number
 */
export async function train(training: Training): Promise<TrainingState> {
  const { options, learner, signal } = training;
  const path = join(training.out, "metrics.jsonl");
  let state: TrainingState = training.from ?? { step: 0, tokens: 0, position: undefined, validation: undefined };
  keepMetricsUntil(path, state.step);
  const file = openSync(path, "a");
  const record = (metrics: Metrics) => {
    writeSync(file, `${JSON.stringify(metrics)}\n`);
    training.onMetrics?.(metrics);
  };
  const started = performance.now();
  const due = (every: number, step: number) => step % every === 0 || step === options.steps;
  const stream = training.batches(state.position)[Symbol.asyncIterator]();
  try {
    while (state.step < options.steps) {
      const { step } = state;
      const learned = await learn(training, stream, step);
      state = { ...state, step: step + 1, tokens: state.tokens + learned.tokens, position: learned.position };
      record({
        type: "update",
        step: state.step,
        loss: learned.loss,
        learning_rate: learned.learningRate,
        gradient_norm: learned.gradientNorm,
        decisions: learned.decisions,
        tokens: state.tokens,
        seconds: (performance.now() - started) / 1000,
      });
      if (training.validation !== undefined && due(options.validation_every, state.step)) {
        state = { ...state, validation: await validate(learner, training.validation(), state.step) };
        record(state.validation as Metrics);
      }
      const stopping = signal?.aborted === true;
      const evaluating =
        training.evaluate !== undefined && options.evaluation_trials > 0 && due(options.evaluation_every, state.step);
      if (stopping || evaluating || due(options.checkpoint_every, state.step)) {
        await training.save(await learner.state(), state);
      }
      if (stopping) break;
      if (evaluating) record({ type: "evaluation", step: state.step, ...(await training.evaluate?.(state.step)) });
    }
    return state;
  } finally {
    closeSync(file);
    await stream.return?.();
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
    for (const weight of batch.weights) decisions += weight;
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
  return { loss: loss / decisions, decisions, tokens, position, learningRate, gradientNorm };
}

/** A whole number below 2^31. */
function dropoutSeed(seed: bigint, step: number, part: number): number {
  return Number(BigInt.asUintN(31, hash64(["icrl.v1", "dropout", String(seed), `${step}`, `${part}`])));
}

/** Looks at held-out batches. */
async function validate(learner: Learner, batches: AsyncIterable<LearningBatch>, step: number): Promise<Metrics> {
  let loss = 0;
  let agreed = 0;
  let decisions = 0;
  let entropy = 0;
  let marginal: number[] | undefined;
  for await (const batch of batches) {
    const answered = await learner.evaluate(batch);
    loss += answered.loss;
    agreed += answered.agreed;
    const actions = batch.targets.length / batch.weights.length;
    marginal ??= new Array<number>(actions).fill(0);
    for (const [at, weight] of batch.weights.entries()) {
      if (weight === 0) continue;
      decisions += weight;
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
    target_entropy: entropy / decisions,
    marginal_entropy: marginalEntropy,
    agreement: agreed / decisions,
    decisions,
  };
}

/** Cuts off the lines of later updates, and a line that was not written whole. */
function keepMetricsUntil(path: string, step: number): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  let end = 0;
  while (end < text.length) {
    const next = text.indexOf("\n", end) + 1;
    if (next === 0 || (JSON.parse(text.slice(end, next)) as Metrics).step > step) break;
    end = next;
  }
  truncateSync(path, Buffer.byteLength(text.slice(0, end)));
}
