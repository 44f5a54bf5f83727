/** The members of a specs' file by which an agent that is not built in is started: `command`, or `module`. */
import { resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { CommandProblem, commandWords, requireWords } from "../launch/command-words.js";
import type { CommandLaunch, Launch } from "../launch/launch.js";
import type { SpecFile } from "./spec-file.js";

/** Their names. */
export const LAUNCH_MEMBERS = ["command", "module"] as const;

/**
 * How an entry of a file is started; undefined where it has neither member. What it names is looked for from the file's folder.
 *
 * @param entry the entry, `what` its place
 * @throws SPEC_INVALID
 */
function launchOf(
  { folder, invalid, text }: SpecFile,
  entry: Readonly<Record<string, unknown>>,
  what: string,
): Launch | undefined {
  const { command, module } = entry;
  if (command !== undefined && module !== undefined) {
    throw invalid(`${what} has a command and a module: give one of the two`);
  }
  if (module !== undefined) {
    if (entry.agent !== undefined) throw invalid(`${what} has a module and an agent: the module says its agent's name`);
    return { kind: "module", file: resolve(folder, text(module, `${what}.module`)), folder };
  }
  if (command === undefined) return undefined;
  return { kind: "command", words: wordsOf(command, `${what}.command`), folder };

  function wordsOf(given: unknown, place: string): string[] {
    try {
      if (Array.isArray(given)) return requireWords(given.map((word, i) => text(word, `${place}[${i}]`)));
      return commandWords(text(given, place));
    } catch (error) {
      if (error instanceof CommandProblem) throw invalid(`${place} ${error.message}`);
      throw error;
    }
  }
}

/** Who plays by an entry of a file. */
export interface NamedAgent {
  readonly name: string;
  /** What its agent is called: where nothing is said of a program of somebody's own, as the entry; a module says it when it is read. */
  readonly agent: string;
  readonly launch: Launch | undefined;
}

/**
 * Who plays by an entry of a file, which has `name`, `agent` or both, and perhaps `command` or `module`.
 *
 * @throws SPEC_INVALID
 */
export function namedAgent(file: SpecFile, entry: Readonly<Record<string, unknown>>, what: string): NamedAgent {
  const launch = launchOf(file, entry, what);
  const agent =
    launch === undefined
      ? file.text(entry.agent, `${what}.agent`)
      : file.text(entry.agent ?? entry.name, `${what}.name`);
  return { name: file.text(entry.name ?? agent, `${what}.name`), agent, launch };
}

/** A command that is given on the command line, as a text. @throws SPEC_INVALID */
export function launchOfText(command: string, folder: string): CommandLaunch {
  try {
    return { kind: "command", words: commandWords(command), folder };
  } catch (error) {
    if (error instanceof CommandProblem) throw new IcrlError("SPEC_INVALID", `the command ${error.message}`);
    throw error;
  }
}
