/** What a command says when it fails: one line on standard error. */

import { ConnectionError } from "../clients/typescript/errors.js";
import { IcrlError } from "../common/errors.js";
import { ServerStartError } from "../jobs/processes/private-server.js";
import { Interrupted } from "./interruptible.js";
import { withTypedCommands } from "./typed-command.js";

/**
 * The line for an error, with its reason where it has one. What nobody foresaw also tells how to see where it comes from:
 * the stack follows with ICRL_DEBUG in the environment.
 */
export function errorLine(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  if (error instanceof Interrupted) return `${error.message}\n`;
  if (error instanceof IcrlError) return `error: ${error.reason}: ${oneLine(withTypedCommands(error.message))}\n`;
  if (error instanceof ConnectionError) return `error: ${oneLine(withTypedCommands(error.message))}\n`;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (env.ICRL_DEBUG) return `error: ${stack}\n`;
  // The operating system (a full disk, a port in use) and another process say what is wrong; anything else is a bug of icrl.
  const foreseen = /\bE[A-Z]{3,}: /.test(message) || error instanceof ServerStartError;
  return foreseen
    ? `error: ${oneLine(message)}\n`
    : `error: ${oneLine(message)} (unexpected: ICRL_DEBUG=1 shows where)\n`;
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
