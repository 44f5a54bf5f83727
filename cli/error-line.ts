/** What a command says when it fails: one line on standard error. */

import { ConnectionError } from "../clients/typescript/errors.js";
import { IcrlError } from "../common/errors.js";
import { ServerStartError } from "../jobs/processes/private-server.js";
import type { ToldError } from "../jobs/processes/told-error.js";
import { Interrupted } from "./interruptible.js";
import { withTypedCommands } from "./typed-command.js";

/**
 * The line for an error, with its reason where it has one. What nobody foresaw also tells how to see where it comes from:
 * the stack follows with ICRL_DEBUG in the environment.
 */
export function errorLine(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  if (error instanceof Interrupted) return `${error.message}\n`;
  if (env.ICRL_DEBUG && isUnforeseen(error)) return `error: ${error instanceof Error ? error.stack : String(error)}\n`;
  const { reason, message } = toldError(error);
  return `error: ${reason === undefined ? "" : `${reason}: `}${withTypedCommands(message)}\n`;
}

/** The same for the process that started this one; commands stand in it as `icrl VERB`. */
export function toldError(error: unknown): ToldError {
  const message = oneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof IcrlError) return { reason: error.reason, message };
  return { message: isUnforeseen(error) ? `${message} (unexpected: ICRL_DEBUG=1 shows where)` : message };
}

/** Whether it is a bug of icrl, and nothing that the operating system (a full disk, a port in use) or another process says is wrong. */
function isUnforeseen(error: unknown): boolean {
  const isOurs = [IcrlError, ConnectionError, ServerStartError, Interrupted].some((known) => error instanceof known);
  return !isOurs && !/\bE[A-Z]{3,}: /.test(error instanceof Error ? error.message : String(error));
}

/** Commander's text about a wrong command line, as one line that says where to read on. */
export function usageErrorLine(text: string, command: string): string {
  const hint = /\n\(Did you mean (?:one of )?(.*)\?\)/.exec(text);
  const what = text.replace(/\n\(Did you mean [^\n]*\)/, "");
  const help = withTypedCommands(`${command} --help`);
  return `${oneLine(what)}${hint === null ? "" : `: did you mean ${hint[1]}?`} (${help} shows what there is)\n`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " | ");
}
