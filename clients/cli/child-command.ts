/** Commands of this program that another command runs as processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { IcrlError, REASONS, type Reason } from "../../common/errors.js";
import { PROGRAM } from "./private-server.js";

/**
 * Runs `icrl ...arguments --json` and gives its document. Its progress and warnings appear where this program's do, unless `quiet`.
 *
 * @param signal ends the process when aborted
 * @throws IcrlError with the reason that the process gave; Error if it ended in another way
 */
export async function runCommand<T>(
  args: readonly string[],
  { quiet = false, signal }: { quiet?: boolean; signal?: AbortSignal } = {},
): Promise<T> {
  const child = spawn(process.execPath, [PROGRAM, ...args, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  const abort = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", abort);
  const ended = once(child, "close") as Promise<[number | null]>;
  let document = "";
  let said = "";
  child.stdout.on("data", (text: Buffer) => {
    document += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    said = (said + text).slice(-10_000);
    if (!quiet && !/^error: /m.test(text.toString())) process.stderr.write(text); // the caller says what went wrong
  });
  try {
    const [code] = await ended;
    if (code === 0) return JSON.parse(document) as T;
    const [, reason = "", text] = /^error: ([A-Z_]+): (.*)$/m.exec(said) ?? [];
    if (Object.hasOwn(REASONS, reason)) throw new IcrlError(reason as Reason, text);
    throw new Error(`icrl ${args.slice(0, 2).join(" ")} ended with ${code ?? child.signalCode}: ${said.trim()}`);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
