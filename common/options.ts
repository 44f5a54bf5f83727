/**
 * Options tables: one table per task, agent and process is the source of validation, of --help, of the description on the
 * wire, and of the docs.
 */
import { IcrlError } from "./errors.js";
import { didYouMean } from "./nearest.js";
import { realNumberOf } from "./written-numbers.js";

/** A finite real number. */
export interface NumberOption {
  readonly type: "number";
  readonly default: number;
  /** Inclusive. */
  readonly min?: number;
  /** Inclusive. */
  readonly max?: number;
  readonly help: string;
}

/** A whole number, exactly representable as a float64. */
export interface IntegerOption {
  readonly type: "integer";
  readonly default: number;
  /** Inclusive. */
  readonly min?: number;
  /** Inclusive. */
  readonly max?: number;
  readonly help: string;
}

/** One of a few words. */
export interface ChoiceOption<C extends string = string> {
  readonly type: "choice";
  readonly choices: readonly C[];
  readonly default: C;
  readonly help: string;
}

/** True or false. */
export interface BooleanOption {
  readonly type: "boolean";
  readonly default: boolean;
  readonly help: string;
}

/** Any text, a path for example. */
export interface TextOption {
  readonly type: "text";
  readonly default: string;
  readonly help: string;
}

/** One row of a table. */
export type Option = NumberOption | IntegerOption | ChoiceOption | BooleanOption | TextOption;

/** Option names, snake_case, to their rows. */
export type OptionTable = Readonly<Record<string, Option>>;

/** A resolved value. */
export type OptionValue = number | string | boolean;

/** What `resolveOptions` makes of a table. */
export type Resolved<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends ChoiceOption<infer C>
    ? C
    : T[K] extends BooleanOption
      ? boolean
      : T[K] extends TextOption
        ? string
        : number;
};

/** A row for a real number. */
export const number = (row: Omit<NumberOption, "type">): NumberOption => ({ type: "number", ...row });

/** A row for a whole number. */
export const integer = (row: Omit<IntegerOption, "type">): IntegerOption => ({ type: "integer", ...row });

/** A row for one of a few words. */
export const choice = <const C extends string>(
  choices: readonly C[],
  row: Omit<ChoiceOption<C>, "type" | "choices">,
): ChoiceOption<C> => ({ type: "choice", choices, ...row });

/** A row for true or false. */
export const boolean = (row: Omit<BooleanOption, "type">): BooleanOption => ({ type: "boolean", ...row });

/** A row for a text. */
export const text = (row: Omit<TextOption, "type">): TextOption => ({ type: "text", ...row });

/** What a row allows, for messages: `a number in [0, 1]`. */
export function allowed(row: Option): string {
  if (row.type === "choice") return `one of ${row.choices.join(", ")}`;
  if (row.type === "boolean") return "true or false";
  if (row.type === "text") return "a text";
  const kind = row.type === "integer" ? "an integer" : "a number";
  if (row.min !== undefined && row.max !== undefined) return `${kind} in [${row.min}, ${row.max}]`;
  if (row.min !== undefined) return `${kind} of at least ${row.min}`;
  if (row.max !== undefined) return `${kind} of at most ${row.max}`;
  return kind;
}

function isAllowed(row: Option, value: unknown): value is OptionValue {
  if (row.type === "choice") return typeof value === "string" && row.choices.includes(value);
  if (row.type === "boolean") return typeof value === "boolean";
  if (row.type === "text") return typeof value === "string";
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (row.type === "integer" && !Number.isSafeInteger(value)) return false;
  return (row.min === undefined || value >= row.min) && (row.max === undefined || value <= row.max);
}

/**
 * Every option of the table with its value, in the table's order, defaults filled in.
 *
 * @param owner who has the options, for messages: `task "linear-bandit"`
 * @throws OPTION_UNKNOWN if a given name is not in the table
 * @throws OPTION_INVALID if a value has the wrong type or is out of range
 */
export function resolveOptions<T extends OptionTable>(
  table: T,
  given: Readonly<Record<string, unknown>>,
  owner: string,
): Resolved<T> {
  const names = Object.keys(table);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) {
      const hint = didYouMean(name, names) || (names.length > 0 ? `: it has ${names.join(", ")}` : ": it has none");
      throw new IcrlError("OPTION_UNKNOWN", `${owner} has no option "${name}"${hint}`, { option: name });
    }
  }
  const resolved: Record<string, OptionValue> = {};
  for (const [name, row] of Object.entries(table)) {
    const value = given[name] ?? row.default;
    if (!isAllowed(row, value)) {
      throw new IcrlError(
        "OPTION_INVALID",
        `option "${name}" of ${owner} is ${JSON.stringify(value)}: give ${allowed(row)}`,
        { option: name, value: JSON.stringify(value) ?? "undefined" },
      );
    }
    resolved[name] = value;
  }
  return resolved as Resolved<T>;
}

/**
 * Options from `name=value` texts, as a command line gives them; values are converted by the table but not yet checked.
 *
 * @throws OPTION_INVALID if a text has no "="
 */
export function optionsFromTexts(table: OptionTable, texts: readonly string[]): Record<string, unknown> {
  const given: [name: string, value: unknown][] = [];
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1)
      throw new IcrlError("OPTION_INVALID", `option "${text}" has no value: give name=value`, { option: text });
    const name = text.slice(0, at);
    given.push([name, valueFromText(Object.hasOwn(table, name) ? table[name] : undefined, text.slice(at + 1))]);
  }
  return Object.fromEntries(given); // own properties, so that "__proto__" is refused as any unknown name
}

function valueFromText(row: Option | undefined, text: string): unknown {
  if (row?.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (row?.type === "number" || row?.type === "integer") return realNumberOf(text) ?? text;
  return text;
}
