/**
 * What a training's folder makes of a file that asks for something else than the folder was made for. More updates are a continuation: the
 * same training goes on from its last checkpoint. The learning rate then follows the longer schedule from there, while the updates before
 * followed the shorter one, so it is not the training that would have been as long from the start: spec.json keeps what it was before.
 */
import { isDeepStrictEqual } from "node:util";
import { learningRateAt, type TrainingOptions } from "../../agents/transformer/training-options.js";

/** A training was as long as this, and was made longer. */
export interface Continuation {
  /** Updates that it was to have until then. */
  readonly steps: number;
  /** Updates that were made when it was made longer. */
  readonly after: number;
}

/** How what is wanted differs from what is known. */
export type SpecChange =
  | { readonly kind: "same" }
  /** Nothing but the number of updates, from which `steps` were to be made. */
  | { readonly kind: "longer" | "shorter"; readonly steps: number }
  /** Places and values: `model.width is 4, not 8`. */
  | { readonly kind: "other"; readonly differs: readonly string[] };

/** Compares two specs as JSON, every default filled in. */
export function specChange(known: unknown, wanted: unknown): SpecChange {
  const differs = differences(known, wanted, "");
  if (differs.length === 0) return { kind: "same" };
  const [steps, more] = [stepsOf(known), stepsOf(wanted)];
  if (differs.length === 1 && steps !== undefined && more !== undefined && steps !== more) {
    return { kind: more > steps ? "longer" : "shorter", steps };
  }
  return { kind: "other", differs };
}

/** What the learning rate of a continued training is, for people: the last update before `after` and the first one behind it. */
export function continuationText({ steps, after }: Continuation, options: TrainingOptions): string {
  const [before, from] = [learningRateAt(after - 1, { ...options, steps }), learningRateAt(after, options)];
  const asIfFromTheStart = Array.from({ length: after }, (_, update) => update).every(
    (update) => learningRateAt(update, { ...options, steps }) === learningRateAt(update, options),
  );
  const what = `continued: ${options.steps} updates instead of ${steps}, after ${after} were made`;
  if (asIfFromTheStart)
    return `${what}; the learning rate was the same so far, so nothing is different from ${options.steps} from the start`;
  return (
    `${what}. The learning rate goes on as a schedule of ${options.steps} updates has it, ${short(from)} instead of ${short(before)}: ` +
    `this will not be the model of ${options.steps} updates from the start`
  );
}

const short = (rate: number): string => String(Number(rate.toPrecision(3)));

function stepsOf(spec: unknown): number | undefined {
  const steps = (spec as { readonly training?: { readonly steps?: unknown } } | undefined)?.training?.steps;
  return typeof steps === "number" ? steps : undefined;
}

/** Places where two JSON documents differ: `training.steps is 200, not 300`. */
function differences(known: unknown, wanted: unknown, at: string): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (!isObject(known) || !isObject(wanted)) {
    const text = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
    return isDeepStrictEqual(known, wanted) ? [] : [`${at} is ${text(known)}, not ${text(wanted)}`];
  }
  return Object.keys({ ...known, ...wanted }).flatMap((key) =>
    differences(known[key], wanted[key], at === "" ? key : `${at}.${key}`),
  );
}
