/** Commands of this program that another command runs as processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { EXIT } from "../../cli/exit-codes.js";
import { IcrlError } from "../../common/errors.js";
import { PROGRAM } from "./private-server.js";
import { reportedError } from "./reported-error.js";

/** How a command is run. */
export interface RunCommandOptions {
  /** Told what it says, its progress and warnings, line by line; absent: nobody is. */
  readonly say?: (line: string) => void;
  /** Exit codes that are none of a failure. Default: 0 alone. */
  readonly accept?: readonly number[];
  /** Ends the process when aborted. */
  readonly signal?: AbortSignal;
}

/** Module that ends a process with the one that started it. */
export const END_WITH_PARENT = new URL("./end-with-parent.js", import.meta.url).href;

/**
 * Runs `icrl ...arguments --json` and gives its document. It ends with this process, however that ends; a Ctrl-C in the terminal is this
 * process's alone.
 *
 * @throws IcrlError with the reason that the process gave; Error if it ended in another way; the signal's reason once it is aborted
 */
export async function runCommand<T>(
  args: readonly string[],
  { say, accept = [EXIT.ok], signal }: RunCommandOptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, ["--import", END_WITH_PARENT, PROGRAM, ...args, "--json"], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // out of the terminal's reach
  });
  const abort = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", abort);
  const ended = once(child, "close") as Promise<[number | null]>;
  let document = "";
  let said = "";
  child.stdout.on("data", (text: Buffer) => {
    document += text;
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    said = `${said}${line}\n`.slice(-10_000);
    const isError = line.startsWith("error: "); // it is thrown, and said once
    if (!isError && signal?.aborted !== true) say?.(line);
  });
  try {
    const [code] = await ended;
    if (code !== null && accept.includes(code)) return JSON.parse(document) as T;
    signal?.throwIfAborted();
    const { reason, text } = reportedError(said) ?? {};
    if (reason !== undefined) throw new IcrlError(reason, text ?? "");
    throw new Error(text ?? `icrl ${args.join(" ")} ended with ${code ?? child.signalCode}: ${said.trim()}`);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
