/** A study's file: a training's file in which a list of values may stand where it has one, `seed: [1, 2, 3]`. Every combination of these is a training. */
import { IcrlError } from "../../common/errors.js";
import { readSpecFile, type SpecFile, specFileOf } from "../specs/spec-file.js";
import { type TrainingSpec, trainingSpecOf } from "../train/training-file.js";

/** What can be varied. */
export type StudyValue = string | number | boolean;

/** Something that has several values. */
export interface Varied {
  /** Its place in the file: `model.positions`. */
  readonly name: string;
  readonly values: readonly StudyValue[];
}

/** One combination of values. */
export interface StudyRun {
  /** By its values, as a folder may be called. */
  readonly name: string;
  /** By the place in the file. */
  readonly values: Readonly<Record<string, StudyValue>>;
  readonly spec: TrainingSpec;
}

/** What a study's file asks for. */
export interface Study {
  readonly name: string;
  /** The seed first, where it is varied. */
  readonly varied: readonly Varied[];
  /** All with one seed before those with the next, so that a study that is broken off has compared something. */
  readonly runs: readonly StudyRun[];
}

/** Most trainings of a study. */
export const MOST_RUNS = 1000;

/** The place of the seed: trainings that differ in it alone are one setting. */
export const SEED = "seed";

/**
 * Reads one, and checks every training of it.
 *
 * @param steps updates of each training, instead of the file's
 * @throws SPEC_INVALID if it is no such file, has too many combinations, or a training of it cannot be done
 * @throws OPTION_UNKNOWN, OPTION_INVALID as reading a training's file does
 */
export function readStudyFile(path: string, steps?: number): Study {
  const file = readSpecFile(path);
  const { content, text, members } = file;
  const varied = variedIn(file, members(content, "the file", Object.keys(Object(content))), "");
  varied.sort((a, b) => Number(b.name === SEED) - Number(a.name === SEED));
  const count = varied.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST_RUNS) {
    throw file.invalid(`its lists have ${count} combinations: give shorter ones, for at most ${MOST_RUNS} trainings`);
  }
  const runs = combinations(varied).map((values): StudyRun => {
    const name = runName(varied, values);
    try {
      const given = Object.entries(values).reduce(withValue, content);
      return { name, values: plainValues(values), spec: trainingSpecOf(specFileOf(path, given), path, steps) };
    } catch (error) {
      if (!(error instanceof IcrlError) || varied.length === 0) throw error;
      throw IcrlError.told(error.reason, `${error.message} (the training ${name})`, error.metadata);
    }
  });
  const twice = runs.find(({ name }, i) => runs.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw file.invalid(`two of its trainings would be called ${twice.name}: give other values`);
  return {
    name: text(Object(content).name, "name"),
    varied: varied.map(({ name, values }) => ({ name, values: values.map(plain) })),
    runs,
  };
}

/** A value as the parser gives it. */
type ParsedValue = StudyValue | bigint;

const isValue = (value: unknown): value is ParsedValue =>
  ["string", "number", "boolean", "bigint"].includes(typeof value);

/** Lists of values below a place, in the file's order. Lists of anything else are for the training's file to judge. */
function variedIn(file: SpecFile, given: object, at: string): { name: string; values: ParsedValue[] }[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const name = `${at}${key}`;
    if (!Array.isArray(value)) {
      return typeof value === "object" && value !== null ? variedIn(file, value, `${name}.`) : [];
    }
    if (value.length > 0 && !value.every(isValue)) return [];
    const values = file.list(value, name) as ParsedValue[];
    const again = values.find((one, i) => values.indexOf(one) < i);
    if (again !== undefined) throw file.invalid(`${name} has ${again} twice: give each value once`);
    return [{ name, values }];
  });
}

/** One value for each place; the last place changes fastest. */
function combinations(varied: readonly { readonly name: string; readonly values: readonly ParsedValue[] }[]) {
  let all: Record<string, ParsedValue>[] = [{}];
  for (const { name, values } of varied) all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  return all;
}

/** The content with one value at a place. */
function withValue(content: unknown, [name, value]: readonly [string, ParsedValue]): unknown {
  const [first, ...rest] = name.split(".");
  const inner = (content as Record<string, unknown>)[first];
  return { ...(content as object), [first]: rest.length === 0 ? value : withValue(inner, [rest.join("."), value]) };
}

/** `seed-1_positions-alibi`: letters, digits, points and dashes of each value; `only` where nothing is varied. */
function runName(varied: readonly { readonly name: string }[], values: Readonly<Record<string, ParsedValue>>): string {
  const short = (name: string) => name.slice(name.lastIndexOf(".") + 1);
  const parts = varied.map(({ name }) => `${short(name)}-${values[name]}`.replaceAll(/[^\w.-]+/g, "-"));
  return parts.length === 0 ? "only" : parts.join("_");
}

/** Whole numbers as numbers; seeds beyond a double's as texts, as everywhere in JSON. */
const plain = (value: ParsedValue): StudyValue => {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
};

const plainValues = (values: Readonly<Record<string, ParsedValue>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)]));
