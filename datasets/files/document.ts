/**
 * JSON documents of files that somebody else may have made: each kind has one schema, and what passes it is data of the type that it
 * names. This file alone knows the library of schemas, and loads it with the first document: programs that read none start without it.
 */
import { createRequire } from "node:module";
import type * as Zod from "zod";
import { IcrlError, type Reason } from "../../common/errors.js";
import { FILE_NAME_RULE, isFileName, isName, NAME_RULE } from "../../common/names.js";
import { MAX_SEED_KEY_BYTES, seedKeyOf } from "../../common/seed-key.js";
import { readRegularFile, UnreadableFile } from "./read-file.js";

/** Deepest nesting of a document: each merge or filter of a dataset adds two levels. */
const MAX_DEPTH = 256;

/** Most values of a document, keys not counted: an empty list takes three bytes of a file, and twenty times as many of memory. */
const MAX_VALUES = 1 << 22;

const MIB = 1 << 20;

const SEED_KEY_RULE = `at most ${MAX_SEED_KEY_BYTES} bytes as lower-case hexadecimal digits`;

/** What schemas are made of: the library, and what this project calls a name, a count, a hash. */
export interface Parts {
  readonly z: typeof Zod.z;
  /** Of a task, an entrant or a behaviour. */
  readonly name: Zod.ZodType<string>;
  /** Of what has a file or folder of that name. */
  readonly fileName: Zod.ZodType<string>;
  /** A whole number of at least 0 that a double holds exactly. */
  readonly count: Zod.ZodType<number>;
  /** A count of at least 1. */
  readonly positive: Zod.ZodType<number>;
  /** A number that is neither infinite nor NaN. */
  readonly finite: Zod.ZodType<number>;
  /** 64 hexadecimal digits. */
  readonly sha256: Zod.ZodType<string>;
  /** A uint64 in decimal. */
  readonly uint64: Zod.ZodType<string>;
  /** The seed key of a tournament, as lower-case hexadecimal digits. */
  readonly seedKey: Zod.ZodType<string>;
  /** At most so many characters, 1,000 by default. */
  text(most?: number): Zod.ZodType<string>;
  /** What a pattern allows; `rule` says it to people. */
  matching(pattern: RegExp, rule: string): Zod.ZodType<string>;
  /** A list, of at most so many where `most` is given. Looks no further than its first wrong element: each would be an issue of its own. */
  list<T>(element: Zod.ZodType<T>, most?: number): Zod.ZodType<T[]>;
  /** A JSON object, of whatever. */
  readonly options: Zod.ZodType<Readonly<Record<string, unknown>>>;
}

/** A schema of documents of type T, made when it is first needed. */
export type Schema<T> = () => Zod.ZodType<T>;

/** T with nothing in it that can be changed. */
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Nothing where two types are the same, as far as assigning goes; else an argument that nobody gives. */
type Proof<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? []
    : ["the type has more than the schema"]
  : ["the schema has more than the type"];

/** The schema of a type: `schemaOf<T>()(make)` compiles if what it lets pass is T, no more and no less. */
export const schemaOf =
  <T>() =>
  <O>(make: (parts: Parts) => Zod.ZodType<O>, ..._: Proof<DeepReadonly<O>, T>): Schema<T> => {
    let made: Zod.ZodType<T> | undefined;
    return () => {
      made ??= make(loadParts()) as unknown as Zod.ZodType<T>;
      return made;
    };
  };

let loaded: Parts | undefined;

function loadParts(): Parts {
  if (loaded !== undefined) return loaded;
  const { z } = createRequire(import.meta.url)("zod") as typeof Zod;
  const matching = (pattern: RegExp, rule: string) => z.string(rule).regex(pattern, rule);
  const whole = (min: number) => {
    const rule = `a whole number of at least ${min}`;
    return z.number(rule).refine((value) => Number.isSafeInteger(value) && value >= min, rule);
  };
  loaded = {
    z,
    name: z.string(NAME_RULE).refine(isName, NAME_RULE),
    fileName: z.string(FILE_NAME_RULE).refine(isFileName, FILE_NAME_RULE),
    count: whole(0),
    positive: whole(1),
    finite: z.number("a number"),
    sha256: matching(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
    uint64: z
      .string("a uint64 in decimal")
      .refine((text) => /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n, "a uint64 in decimal"),
    seedKey: z.string(SEED_KEY_RULE).refine((text) => seedKeyOf(text) === text, SEED_KEY_RULE),
    text: (most = 1000) => z.string("a text").max(most, `a text of at most ${most} characters`),
    matching,
    list: <T>(element: Zod.ZodType<T>, most = Number.POSITIVE_INFINITY) =>
      z
        .array(z.unknown())
        .max(most, `a list of at most ${most}`)
        .superRefine((items, { addIssue }) => {
          if (items.length > most) return;
          for (const [i, item] of items.entries()) {
            const result = element.safeParse(item);
            if (result.success) continue;
            const [issue] = result.error.issues;
            // Nothing after it sees elements that are not what they should be.
            addIssue({ ...issue, path: [i, ...issue.path], continue: false } as Parameters<typeof addIssue>[0]);
            return;
          }
        }) as unknown as Zod.ZodType<T[]>,
    options: z.record(z.string(), z.unknown(), "an object of options"),
  };
  return loaded;
}

/** A kind of document. */
export interface DocumentKind<T> {
  readonly schema: Schema<T>;
  /** Of an error: what came is damage of this kind. */
  readonly reason: Reason;
  /** What to do about one that is refused. */
  readonly remedy: string;
  /** The most bytes that are read; 64 MiB by default. */
  readonly mostBytes?: number;
}

const DEFAULT_MOST = 64 * MIB;

/**
 * Reads a JSON file of a kind.
 *
 * @throws the kind's reason if it is no file, too large, no JSON, or not as the schema has it
 */
export function readDocument<T>(path: string, kind: DocumentKind<T>): T {
  return parseDocument(readText(path, kind), path, kind);
}

/**
 * The text of a file that may have been written by somebody else.
 *
 * @throws the kind's reason if it cannot be read, is no regular file, or is too large
 */
export function readText(path: string, kind: Omit<DocumentKind<unknown>, "schema">): string {
  return readBytes(path, kind).toString("utf8");
}

/** The bytes of one. @throws as readText does */
export function readBytes(
  path: string,
  { reason, remedy, mostBytes = DEFAULT_MOST }: Omit<DocumentKind<unknown>, "schema">,
): Buffer {
  try {
    return readRegularFile(path, mostBytes);
  } catch (error) {
    const why = error instanceof UnreadableFile ? error.message : `cannot be read (${(error as Error).message})`;
    throw IcrlError.told(reason, `${path} ${why}: ${remedy}`, { file: path });
  }
}

/**
 * A document from its text.
 *
 * @param place the file, or its line, for messages
 * @throws the kind's reason
 */
export function parseDocument<T>(text: string, place: string, kind: DocumentKind<T>): T {
  return checkDocument(parseJson(text, place, kind), place, kind);
}

/** JSON that is neither deeply nested nor touches prototypes, of whatever kind. @throws the kind's reason */
export function parseJson(text: string, place: string, kind: Omit<DocumentKind<unknown>, "schema">): unknown {
  const { reason, remedy } = kind;
  const excess = excessOf(text);
  if (excess !== undefined) throw IcrlError.told(reason, `${place} ${excess}: ${remedy}`, { file: place });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw IcrlError.told(reason, `${place} is not JSON (${shortened((error as Error).message, 120)}): ${remedy}`, {
      file: place,
    });
  }
  if (hasPrototype(value)) {
    throw IcrlError.told(reason, `${place} has a member "__proto__": ${remedy}`, { file: place });
  }
  return value;
}

/**
 * A value as the document that it should be. Members that the schema does not name stay as they are: a later version may have added them.
 *
 * @throws the kind's reason, saying which member is what, and what was expected
 */
export function checkDocument<T>(value: unknown, place: string, kind: DocumentKind<T>): T {
  const result = kind.schema().safeParse(value);
  if (result.success) return value as T; // no schema converts: what was read, with what later versions may have added
  const issue = deepest(result.error.issues);
  const at = issue.path;
  const came = at.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const what = at.length === 0 ? "it" : pathText(at);
  const text = `${place}: ${what} is ${shown(came)}, expected ${expected(issue)}: ${kind.remedy}`;
  throw IcrlError.told(kind.reason, text, { file: place });
}

type Issue = Zod.core.$ZodIssue;

/** The first issue; of a union, the one that came furthest. */
function deepest(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first.code !== "invalid_union") return first;
  const inner = first.errors.flatMap((list) => list.slice(0, 1)).sort((a, b) => b.path.length - a.path.length);
  const [furthest] = inner;
  return furthest === undefined || furthest.path.length === 0
    ? first
    : deepest([{ ...furthest, path: [...first.path, ...furthest.path] } as Issue]);
}

function expected(issue: Issue): string {
  if (issue.code === "invalid_type") return isDefaultText(issue.message) ? anA(issue.expected) : issue.message;
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "another key";
  return issue.message;
}

const isDefaultText = (text: string): boolean => text.startsWith("Invalid");

const anA = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key, i) =>
      typeof key === "number"
        ? `[${key}]`
        : /^\w{1,40}$/.test(String(key))
          ? `${i === 0 ? "" : "."}${String(key)}`
          : `[${shown(String(key))}]`,
    )
    .join("");

/** A value in a message: as JSON, not much of it, and nothing that a terminal would obey. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return shortened(JSON.stringify(value) ?? String(value), 60);
}

const OBEYED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function shortened(text: string, most: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is made harmless
  const harmless = text.replaceAll(OBEYED, escaped).replaceAll(/[\u0000-\u001f]/g, escaped);
  return harmless.length > most ? `${harmless.slice(0, most)}...` : harmless;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];

/** What of a text, JSON or not, would take far more memory as a value than as a text; undefined where nothing does. */
function excessOf(text: string): string | undefined {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      for (i += 1; i < text.length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i += 1;
    } else if (code === COMMA) values += 1;
    else if (OPENING.includes(code)) {
      depth += 1;
      values += 1;
    } else if (CLOSING.includes(code)) depth -= 1;
    if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES.toLocaleString("en")} values`;
  }
  return undefined;
}

/** Whether a value that is not deeply nested has a member that would be taken for its prototype where it is copied. */
function hasPrototype(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Object.hasOwn(value, "__proto__")) return true;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasPrototype);
}
