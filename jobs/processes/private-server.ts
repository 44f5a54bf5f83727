/** A server of a command's own: a process on 127.0.0.1 that ends with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openAddressWarning } from "../../cli/open-address.js";
import { printText } from "../../cli/print/terminal.js";
import { IcrlError } from "../../common/errors.js";
import { reportedError } from "./reported-error.js";

/** Path of the program, for processes that a command starts. */
export const PROGRAM = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** The process that was to be a private server said this and ended. */
export class ServerStartError extends Error {}

/** A server process. */
export interface PrivateServer {
  readonly address: string;
  /** Where its live page is; undefined when it has none. */
  readonly pageUrl: string | undefined;
  /** Process id. */
  readonly pid: number;
  /** Lets it finish, and waits until it has stopped. */
  close(): Promise<void>;
}

/**
 * Starts one.
 *
 * @param dataDir folder of its log
 * @param flags more flags of `icrl serve`; a later --listen takes the place of 127.0.0.1:0, a later --http that of off
 * @throws IcrlError with the reason that the process gave, or ServerStartError, if it does not start
 */
export async function startPrivateServer(dataDir: string, flags: readonly string[] = []): Promise<PrivateServer> {
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--http",
      "off",
      "--data",
      dataDir,
      "--json",
      "--log-level",
      "warn",
      "--stop-with-input",
      ...flags,
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  let said = "";
  let listens = false;
  child.stderr.on("data", (text: Buffer) => {
    said = (said + text).slice(-10_000);
  });
  // Warnings of a running server are worth seeing, but for the one that is given below; the one error of a command is its own.
  createInterface({ input: child.stderr }).on("line", (text) => {
    if (text.includes('"event":"lock_watched"')) printText(process.stderr, `${watchedText(text)}\n`);
    else if (listens && !text.includes('"event":"listening"')) {
      printText(process.stderr, `${text.replace(/^error: /, "its server: ")}\n`);
    }
  });
  const exited = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([text]: string[]) => text),
    exited.then(() => undefined),
  ]);
  if (line === undefined) {
    const { reason, text = said } = reportedError(said) ?? {};
    if (reason !== undefined) throw new IcrlError(reason, text);
    throw new ServerStartError(`the private server did not start: ${text}`);
  }
  listens = true;
  const { address, http } = JSON.parse(line) as { address: string; http: string | null };
  printText(process.stderr, openAddressWarning(address));
  return {
    address,
    pageUrl: http ?? undefined,
    pid: child.pid as number,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.stdin.end();
        await exited;
      }
    },
  };
}

/** What a server that starts waits for, for people: half a minute in silence would look like a fault. */
function watchedText(line: string): string {
  const { folder, holder, seconds } = JSON.parse(line) as { folder: string; holder: string; seconds: number };
  return `waiting: ${holder} was the last to write to ${folder}, and may still live: for up to ${seconds} s, to see whether it does`;
}
