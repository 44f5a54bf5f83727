/**
 * How the command that runs was typed, so that what it says to run next can be pasted. The texts of this package name its commands
 * `icrl VERB`; here, alone, is decided what stands for `icrl` where they are printed.
 */
import { realpathSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, relative, sep } from "node:path";
import { PROGRAM } from "../jobs/processes/program.js";
import { quoted } from "../jobs/quoted.js";

/** What is known of a process. */
export interface ProcessView {
  /** Its script, as Node got it. */
  readonly script: string | undefined;
  readonly execPath: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The words that call this program again: `npx icrl` where npx called it, `icrl` where that is found in PATH, the path of a link that was
 * called by its path, `node dist/cli/main.js` where Node was given the file. `icrl` in a process that has another script.
 */
export function programWords({ script, execPath, cwd, env }: ProcessView): string[] {
  if (script === undefined || !isProgram(script)) return ["icrl"];
  const isInPath = (folder: string) => (env.PATH ?? "").split(delimiter).includes(folder);
  const below = relative(cwd, script);
  const path = below.startsWith("..") || isAbsolute(below) ? script : below.includes(sep) ? below : `.${sep}${below}`;
  if (basename(script) !== "icrl") return [isInPath(dirname(execPath)) ? "node" : execPath, path];
  if (env.npm_command === "exec") return ["npx", "icrl"];
  return [isInPath(dirname(script)) ? "icrl" : path];
}

function isProgram(script: string): boolean {
  try {
    return realpathSync(script) === PROGRAM;
  } catch {
    return false;
  }
}

const here = () =>
  programWords({ script: process.argv[1], execPath: process.execPath, cwd: process.cwd(), env: process.env })
    .map(quoted)
    .join(" ");

/** A command of this program with these words, as one can paste it. */
export const typedCommand = (...words: readonly string[]): string => [here(), ...words.map(quoted)].join(" ");

/** The command line that this process was called by, as one can paste it; without its token, for it stands in results that are shown. */
export const ownCommandLine = (): string => typedCommand(...withoutToken(process.argv.slice(2)));

/** Words of a command line but for `--token TOKEN`, which ICRL_TOKEN gives as well. */
export const withoutToken = (words: readonly string[]): string[] =>
  words.filter((word, at) => !/^--token(=|$)/.test(word) && words[at - 1] !== "--token");

const NAMED =
  /(?<![\w./-])(?:npx )?icrl (?=(?:agents?|conformance|dataset|evaluate|log|play|serve|study|tasks|token|tournament|train|--help)\b)/g;

/** A text that names commands `icrl VERB`, with what was typed in the place of `icrl`. */
export const withTypedCommands = (text: string): string => text.replaceAll(NAMED, () => `${here()} `);
