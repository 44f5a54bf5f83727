/** Parsers and checks of command-line values that several commands share. */
import { type Command, InvalidArgumentError } from "commander";
import { MAX_SEED_KEY_BYTES, seedKeyOf } from "../../common/seed-key.js";
import { uint64Of, wholeNumberOf } from "../../common/written-numbers.js";

/** A whole number of at least `min`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(wholeNumberOf(text) ?? Number.NaN);
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `Give a whole number of at least ${min}.`
          : `Give a whole number from ${min} to ${max}.`,
      );
    }
    return value;
  };
}

/** A uint64. */
export function uint64(text: string): bigint {
  const value = uint64Of(text);
  if (value === undefined) throw new InvalidArgumentError("Give a whole number from 0 to 18446744073709551615.");
  return value;
}

/** The seed key of a tournament, in lower case. */
export function seedKey(text: string): string {
  const key = seedKeyOf(text);
  if (key === undefined) {
    throw new InvalidArgumentError(`Give at most ${MAX_SEED_KEY_BYTES} bytes as hexadecimal digits, "" for no key.`);
  }
  return key;
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** HOST:PORT. */
export function hostAndPort(text: string): string {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65535)
    throw new InvalidArgumentError("Give HOST:PORT, for example 127.0.0.1:50551.");
  return text;
}

/**
 * The value of an option that a command cannot do without. Commander's own required options are missed before a mistyped one is
 * seen: `--taks x` would be told that --task is missing.
 */
export function required<T>(value: T | undefined, option: string, command: Command): T {
  if (value === undefined) command.error(`error: required option '${option}' not specified`);
  return value as T;
}

/** Of what runs the user's SQL. */
export const allowFilesOption = [
  "--allow-files",
  "let the SQL read and write all that you may: other files, other folders, the network",
] as const;
