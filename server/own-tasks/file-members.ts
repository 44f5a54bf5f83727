/** What a file of tasks says, JSON or .npz, in one shape: tables of numbers by name, of each instance, and what is common to all. */
import { parseJson, shown } from "../../datasets/files/document.js";
import { type Invalid, invalidFile } from "./invalid-file.js";
import { type NpyArray, readNpy } from "./npy.js";
import { partOf, type Table, tableOfJson } from "./table.js";
import { readZip } from "./zip.js";

/** Tables that each instance has of its own, by name, and how many axes one has: that of several has one more. */
const AXES = { P: [3], R: [2, 3], terminal: [0, 1], start: [0, 1], means: [1] } as const;

/** What stands for all instances. */
const COMMON = ["horizon", "rewards", "noise_std", "action_names", "grid"] as const;

/** Most instances of a file. */
const MOST_INSTANCES = 100_000;

/** Tables of an instance by name, and what they are called in messages. */
export interface InstanceMembers {
  table(name: keyof typeof AXES): Table | undefined;
  place(name: keyof typeof AXES): string;
}

/** A file taken apart. */
export interface FileMembers {
  readonly invalid: Invalid;
  readonly instances: readonly InstanceMembers[];
  /** Undefined where it is not there. */
  number(name: "horizon" | "noise_std"): number | undefined;
  texts(name: "action_names"): readonly string[] | undefined;
  text(name: "rewards"): string | undefined;
  table(name: "grid"): Table | undefined;
}

/** The bytes of the largest file. */
export const MOST_FILE_BYTES = 1 << 27;

/** Takes a file's bytes apart. @throws TASK_FILE_INVALID */
export function fileMembers(bytes: Buffer, path: string): FileMembers {
  return bytes.subarray(0, 4).equals(Buffer.from("PK\x03\x04", "latin1"))
    ? npzMembers(bytes, path)
    : jsonMembers(bytes, path);
}

const NAMES = Object.keys(AXES) as readonly (keyof typeof AXES)[];

const REMEDY = "give JSON or .npz with P and R, or with means (docs/tasks-of-your-own.md)";

function jsonMembers(bytes: Buffer, path: string): FileMembers {
  const invalid = invalidFile(path);
  const content = parseJson(bytes.toString("utf8"), path, { reason: "TASK_FILE_INVALID", remedy: REMEDY });
  const members = objectOf(content, "it", ["instances", ...NAMES, ...COMMON], invalid);
  const { instances } = members;
  if (instances !== undefined && !Array.isArray(instances)) {
    throw invalid(`instances is ${shown(instances)}, expected a list`);
  }
  if (instances !== undefined) {
    const beside = NAMES.find((name) => members[name] !== undefined);
    if (beside !== undefined) throw invalid(`it has instances and ${beside}: give one of the two`);
    requireCount(instances.length, "instances", invalid);
  }
  const instanceOf = (value: unknown, at: string): InstanceMembers => {
    const tables = objectOf(value, at, at === "" ? [...NAMES, ...COMMON] : NAMES, invalid);
    const place = (name: string) => (at === "" ? name : `${at}.${name}`);
    return {
      place,
      table: (name) => (tables[name] === undefined ? undefined : tableOfJson(tables[name], place(name), invalid)),
    };
  };
  const common = (name: (typeof COMMON)[number]) => members[name];
  return {
    invalid,
    instances: instances?.map((value, i) => instanceOf(value, `instances[${i}]`)) ?? [instanceOf(content, "")],
    number(name) {
      const value = common(name);
      if (value === undefined || typeof value === "number") return value;
      throw invalid(`${name} is ${shown(value)}, expected a number`);
    },
    text(name) {
      const value = common(name);
      if (value === undefined || typeof value === "string") return value;
      throw invalid(`${name} is ${shown(value)}, expected a text`);
    },
    texts(name) {
      const value = common(name);
      if (value === undefined || (Array.isArray(value) && value.every((text) => typeof text === "string")))
        return value;
      throw invalid(`${name} is ${shown(value)}, expected a list of texts`);
    },
    table: (name) => (common(name) === undefined ? undefined : tableOfJson(common(name), name, invalid)),
  };
}

function objectOf(value: unknown, what: string, names: readonly string[], invalid: Invalid): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is ${shown(value)}, expected an object: ${REMEDY}`);
  }
  const other = Object.keys(value).find((name) => !names.includes(name));
  if (other === undefined) return value as Record<string, unknown>;
  throw invalid(`${what === "" ? "it" : what} has a member ${shown(other)}: it can have ${names.join(", ")}`);
}

function requireCount(count: number, what: string, invalid: Invalid): void {
  if (count < 1) throw invalid(`${what} is empty: give at least one instance`);
  if (count > MOST_INSTANCES) throw invalid(`${what} has ${count} instances, at most ${MOST_INSTANCES} are read`);
}

/** Bytes that the arrays of an archive may have together. */
const MOST_UNPACKED = 1 << 28;

function npzMembers(bytes: Buffer, path: string): FileMembers {
  const invalid = invalidFile(path);
  const arrays = new Map<string, NpyArray>();
  for (const [name, content] of readZip(bytes, MOST_UNPACKED, invalid)) {
    const key = name.replace(/\.npy$/, "");
    if (![...NAMES, ...COMMON].some((known) => known === key)) {
      throw invalid(`it has an array ${shown(key)}: it can have ${[...NAMES, ...COMMON].join(", ")}`);
    }
    arrays.set(key, readNpy(content, key, invalid));
  }
  const numbers = (name: string): Table | undefined => {
    const array = arrays.get(name);
    if (array === undefined || "data" in array) return array;
    throw invalid(`${name} is an array of texts, expected numbers`);
  };
  const words = (name: string): readonly string[] | undefined => {
    const array = arrays.get(name);
    if (array === undefined || "texts" in array) return array?.texts;
    throw invalid(`${name} is an array of numbers, expected texts`);
  };
  // The axes of P, or of means, say whether there are several instances.
  const [main, axes] = arrays.has("P") ? (["P", AXES.P[0]] as const) : (["means", AXES.means[0]] as const);
  const first = numbers(main);
  if (first === undefined) throw invalid(`it has neither P nor means: ${REMEDY}`);
  const several = first.shape.length === axes + 1;
  if (several) requireCount(first.shape[0], main, invalid);
  const count = several ? first.shape[0] : 1;
  /** Whether each instance has a part of its own of a table: where P says that there are several, and the table has as many parts. */
  const isOwn = (name: keyof typeof AXES, { shape }: Table): boolean => {
    if (!several) return false;
    const most = AXES[name][AXES[name].length - 1];
    const ambiguous = name === "R" ? first.shape.length === 4 && shape.length === 3 && shape[0] === count : false;
    return ambiguous || shape.length === most + 1;
  };
  return {
    invalid,
    instances: Array.from({ length: count }, (_, i) => ({
      place: (name) => {
        const table = numbers(name);
        return table !== undefined && isOwn(name, table) ? `${name}[${i}]` : name;
      },
      table: (name) => {
        const table = numbers(name);
        if (table === undefined || !isOwn(name, table)) return table;
        if (table.shape[0] === count) return partOf(table, i);
        throw invalid(`${name} has ${table.shape[0]} instances, ${main} has ${count}`);
      },
    })),
    number(name) {
      const table = numbers(name);
      if (table === undefined) return undefined;
      if (table.data.length === 1) return table.data[0];
      throw invalid(`${name} has ${table.data.length} numbers, expected one`);
    },
    text(name) {
      const found = words(name);
      if (found === undefined || found.length === 1) return found?.[0];
      throw invalid(`${name} has ${found.length} texts, expected one`);
    },
    texts: words,
    table: numbers,
  };
}
