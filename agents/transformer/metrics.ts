/** metrics.jsonl: a line for every update of a training, and one for each validation and evaluation. Losses are nats a decision. */
import { closeSync, existsSync, fsyncSync, openSync, truncateSync, writeSync } from "node:fs";
import { type SnakeCased, toCamelCase, toSnakeCase } from "../../common/snake-case.js";
import { type DocumentKind, type Parts, parseDocument, readText, schemaOf } from "../../datasets/files/document.js";

/** One update. */
export interface UpdateMetrics {
  readonly type: "update";
  /** Updates made, with this one. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Decisions learned from, in this update. */
  readonly decisions: number;
  /** Tokens so far, those after sequences' ends included. */
  readonly tokens: number;
  /** Of this run, in it. */
  readonly seconds: number;
}

/** A look at held-out data. */
export interface ValidationMetrics {
  readonly type: "validation";
  readonly step: number;
  /** Cross-entropy of the targets, and the squared error of the head's numbers where there are any. */
  readonly loss: number;
  /** The targets' own entropy: the least a loss can be. */
  readonly targetEntropy: number;
  /** Entropy of the targets' mean: the loss of who knows only how often each action is right. */
  readonly marginalEntropy: number;
  /** Share of decisions whose likeliest action is the target's. */
  readonly agreement: number;
  readonly decisions: number;
  /** The part of the loss that the head's numbers have; absent where it has none. */
  readonly squaredError?: number;
}

/** A mean over trials. */
interface Mean {
  readonly mean: number;
  /** Standard error; null of one trial. */
  readonly se: number | null;
}

/** What came of playing fresh instances. */
export interface Evaluation {
  /** Of each task. */
  readonly trials: number;
  /** By the task's id. */
  readonly tasks: Readonly<Record<string, { readonly regret: Mean; readonly return: Mean }>>;
}

/** An evaluation, as a line. */
export interface EvaluationMetrics extends Evaluation {
  readonly type: "evaluation";
  readonly step: number;
}

/** From here on the training is longer than it was to be, and so is the schedule of its learning rate. */
export interface ContinuationMetrics {
  readonly type: "continuation";
  /** Updates made so far. */
  readonly step: number;
  /** Updates that it is to have. */
  readonly steps: number;
  /** Updates that it was to have until now. */
  readonly earlierSteps: number;
}

/** A line. */
export type Metrics = UpdateMetrics | ValidationMetrics | EvaluationMetrics | ContinuationMetrics;

function lineDocument({ z, count, text }: Parts) {
  const number = z.number("a number");
  const mean = z.object({ mean: number, se: z.nullable(number) });
  return z.discriminatedUnion("type", [
    z.object({
      type: z.literal("update"),
      step: count,
      loss: number,
      learning_rate: number,
      gradient_norm: number,
      decisions: number,
      tokens: count,
      seconds: number,
    }),
    z.object({
      type: z.literal("validation"),
      step: count,
      loss: number,
      target_entropy: number,
      marginal_entropy: number,
      agreement: number,
      decisions: number,
      squared_error: z.optional(number),
    }),
    z.object({
      type: z.literal("evaluation"),
      step: count,
      trials: count,
      tasks: z.record(text(), z.object({ regret: mean, return: mean })),
    }),
    z.object({ type: z.literal("continuation"), step: count, steps: count, earlier_steps: count }),
  ]);
}

/** A line as it is in the file. */
type StoredMetrics = SnakeCased<Metrics>;

const METRICS: DocumentKind<StoredMetrics> = {
  schema: schemaOf<StoredMetrics>()(lineDocument),
  reason: "CHECKPOINT_CORRUPT",
  remedy: "remove that line, or begin anew with --overwrite",
  mostBytes: 1 << 30,
};

/** The best validation so far. */
export interface BestValidation {
  readonly validation: ValidationMetrics;
  /** Validations after it. */
  readonly since: number;
}

/** The file of a training under way. */
export interface MetricsFile {
  /** Writes a line. */
  record(metrics: Metrics): void;
  /** The last line of a type, earlier runs' included. */
  last<T extends Metrics["type"]>(type: T): Extract<Metrics, { type: T }> | undefined;
  /** The validation of the smallest loss, the first of them, and how many came after it; undefined without any. */
  best(): BestValidation | undefined;
  /** Sees that what was written outlasts a loss of power. */
  sync(): void;
  close(): void;
}

/**
 * Opens the file of a training that goes on after update `step`: cuts off the lines of later updates, and one that was not written
 * whole.
 */
export function openMetrics(path: string, step: number): MetricsFile {
  const last = new Map<string, Metrics>();
  let best: BestValidation | undefined;
  const note = (line: Metrics) => {
    last.set(line.type, line);
    if (line.type !== "validation") return;
    if (best === undefined || line.loss < best.validation.loss) best = { validation: line, since: 0 };
    else best = { ...best, since: best.since + 1 };
  };
  if (existsSync(path)) {
    const text = readText(path, METRICS);
    let end = 0;
    for (const { line, end: next } of linesOf(text, path)) {
      if (line.step > step) break;
      note(line);
      end = next;
    }
    truncateSync(path, Buffer.byteLength(text.slice(0, end)));
  }
  const file = openSync(path, "a");
  return {
    record(metrics) {
      writeSync(file, `${JSON.stringify(toSnakeCase(metrics))}\n`);
      note(metrics);
    },
    best: () => best,
    last: <T extends Metrics["type"]>(type: T) => last.get(type) as Extract<Metrics, { type: T }> | undefined,
    sync: () => fsyncSync(file),
    close: () => closeSync(file),
  };
}

/**
 * All lines of a training's file, in their order; one that is not written whole yet is none of them.
 *
 * @throws CHECKPOINT_CORRUPT if a line is no such line
 */
export function* readMetrics(path: string): Generator<Metrics> {
  for (const { line } of linesOf(readText(path, METRICS), path)) yield line;
}

/** Its whole lines, and where each ends in the text. */
function* linesOf(text: string, path: string): Generator<{ readonly line: Metrics; readonly end: number }> {
  let from = 0;
  for (let number = 1; ; number += 1) {
    const end = text.indexOf("\n", from) + 1;
    if (end === 0) return;
    yield { line: toCamelCase(parseDocument(text.slice(from, end), `${path}, line ${number}`, METRICS)), end };
    from = end;
  }
}
