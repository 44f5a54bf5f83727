/** How the process of an agent that is not built in is started: by its author's command line, or from a JavaScript module. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";

/** A program in any language, started without a shell. */
export interface CommandLaunch {
  readonly kind: "command";
  /** The program and its arguments; those that name the server and the work are added at the end. */
  readonly words: readonly string[];
  /** Folder in which it runs. */
  readonly folder: string;
}

/** A JavaScript module whose default export is an agent of the SDK. */
export interface ModuleLaunch {
  readonly kind: "module";
  /** Its file. */
  readonly file: string;
  /** Folder in which it runs. */
  readonly folder: string;
}

/** Either. */
export type Launch = CommandLaunch | ModuleLaunch;

/**
 * Sees that a command's program is there, before anything is started.
 *
 * @param what whose command it is: `entrant "mine"`
 * @param path where programs are looked for: PATH of the environment
 * @throws SPEC_INVALID
 */
export function requireProgram({ words, folder }: CommandLaunch, what: string, path: string): void {
  const [program] = words;
  const places = program.includes("/")
    ? [resolve(folder, program)]
    : path.split(delimiter).map((place) => join(resolve(folder, place), program));
  if (places.some(isProgram)) return;
  const setsVariable = /^\w+=/.test(program) ? ": to set a variable, begin with the program env" : "";
  const why = program.includes("/")
    ? `${places[0]} is no program that can be run`
    : `there is no program "${program}" in any folder of PATH`;
  throw new IcrlError("SPEC_INVALID", `the command of ${what}: ${why}${setsVariable}`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The flags that give an agent its options. A text stands as it is, everything else as JSON: what the SDK's own command line reads back,
 * whose table knows which options are texts.
 */
export function optionFlags(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [
    "--option",
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);
}

/**
 * Sees that options can stand on a command line.
 *
 * @param what whose they are
 * @throws OPTION_INVALID
 */
export function requireOnCommandLine(options: Readonly<Record<string, unknown>>, what: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (name !== "" && !/[=\0]/.test(name) && !String(value).includes("\0")) continue;
    throw new IcrlError(
      "OPTION_INVALID",
      `option ${JSON.stringify(name)} of ${what} cannot stand on a command line: its name has a "=" or is empty, or it has a zero character`,
      { option: name },
    );
  }
}
