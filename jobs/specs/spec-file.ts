/** Files that say what is to be done, YAML or JSON: read whole, refused with the place of what is wrong. */
import { dirname, resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import { MAX_SEED_KEY_BYTES, seedKeyOf } from "../../common/seed-key.js";
import { uint64Of } from "../../common/written-numbers.js";
import { readRegularFile, UnreadableFile } from "../../datasets/files/read-file.js";
import { parseSpec } from "./spec-yaml.js";

/** Options as a file gives them: {name: value, ...}. */
export type GivenOptions = Record<string, unknown>;

/** Takes a file's content apart. `what` names a place in it, `agents[2].options` for example. Everything throws SPEC_INVALID. */
export interface SpecFile {
  readonly content: unknown;
  /** Folder in which the file stands. */
  readonly folder: string;
  /** The error that says what is wrong with it. */
  invalid(text: string): IcrlError;
  /** A mapping that has none but these members. */
  members(value: unknown, what: string, names: readonly string[]): Record<string, unknown>;
  /** A list of at least one. */
  list(value: unknown, what: string): unknown[];
  text(value: unknown, what: string): string;
  /** A mapping of options; {} when absent. */
  options(value: unknown, what: string): GivenOptions;
  /** A whole number of at least `min`. */
  wholeNumber(value: unknown, what: string, min: number): number;
  /** A uint64, as a number or, as JSON documents have them, a text; undefined when absent. */
  seed(value: unknown): bigint | undefined;
  /** A seed key as hexadecimal digits, in lower case; undefined when absent. */
  seedKey(value: unknown): string | undefined;
  /** A positive number. */
  positive(value: unknown, what: string): number;
}

/**
 * Reads one.
 *
 * @throws SPEC_INVALID if it cannot be read, or is no YAML
 */
export function readSpecFile(path: string): SpecFile {
  const invalid = (text: string) => new IcrlError("SPEC_INVALID", `${path}: ${text}`);
  const firstLine = (error: unknown) => (error as Error).message.split("\n")[0].replace(/:$/, "");
  let source: string;
  try {
    source = readRegularFile(path, MOST_BYTES).toString("utf8");
  } catch (error) {
    throw invalid(error instanceof UnreadableFile ? error.message : `cannot be read: ${firstLine(error)}`);
  }
  try {
    return specFileOf(path, parseSpec(source));
  } catch (error) {
    throw invalid(`is no YAML: ${firstLine(error)}`);
  }
}

/**
 * A file of which it is known already what is in it.
 *
 * @param content as the parser gives it: whole numbers are big integers
 */
export function specFileOf(path: string, content: unknown): SpecFile {
  const invalid = (text: string) => new IcrlError("SPEC_INVALID", `${path}: ${text}`);
  return {
    content,
    folder: dirname(resolve(path)),
    invalid,
    members(value, what, names) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw invalid(`${what} is ${shown(value)}: give {${names.join(", ")}}`);
      }
      for (const name of Object.keys(value)) {
        if (names.includes(name)) continue;
        throw invalid(`${what} has "${name}"${didYouMean(name, names) || `: it can have ${names.join(", ")}`}`);
      }
      return value as Record<string, unknown>;
    },
    list(value, what) {
      if (Array.isArray(value) && value.length > 0) return value;
      throw invalid(`${what} is ${Array.isArray(value) ? "empty" : shown(value)}: give a list of at least one`);
    },
    text(value, what) {
      if (typeof value !== "string") throw invalid(`${what} is ${shown(value)}: give a text`);
      return value;
    },
    options(value, what) {
      if (value === undefined || value === null) return {};
      if (typeof value !== "object" || Array.isArray(value))
        throw invalid(`${what} is ${shown(value)}: give {name: value, ...}`);
      return plain(value) as GivenOptions;
    },
    wholeNumber(value, what, min) {
      if (typeof value !== "bigint" || value < BigInt(min) || value > 0xffffffffn) {
        throw invalid(`${what} is ${shown(value)}: give a whole number of at least ${min}`);
      }
      return Number(value);
    },
    seed(value) {
      if (value === undefined) return undefined;
      const seed = typeof value === "bigint" || typeof value === "string" ? uint64Of(String(value)) : undefined;
      if (seed !== undefined) return seed;
      throw invalid(
        `seed is ${shown(value)}: give a whole number from 0 to 18446744073709551615, or none to have one drawn`,
      );
    },
    seedKey(value) {
      if (value === undefined) return undefined;
      const key = typeof value === "string" ? seedKeyOf(value) : undefined;
      if (key !== undefined) return key;
      throw invalid(
        `seed_key is ${shown(value)}: give at most ${MAX_SEED_KEY_BYTES} bytes as hexadecimal digits in quotes, "" for no key, or nothing`,
      );
    },
    positive(value, what) {
      const given = Number(value);
      if ((typeof value !== "bigint" && typeof value !== "number") || !(given > 0 && Number.isFinite(given))) {
        throw invalid(`${what} is ${shown(value)}: give a positive number`);
      }
      return given;
    },
  };
}

/** The most bytes of a file: thousands of entrants. The library takes seconds for it. */
const MOST_BYTES = 1 << 20;

/** A value in a message: as JSON, not too much of it. */
function shown(value: unknown): string {
  const text = JSON.stringify(plain(value)) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Big integers of the parser as plain numbers: options are numbers everywhere else. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
  return value;
}
