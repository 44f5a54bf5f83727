/** Processes of this program that a job starts. Each ends with the process that started it, and tells it its error. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { heardError, type ToldError } from "./told-error.js";

/** Path of the program. */
export const PROGRAM = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** A process under way. */
export interface ProgramProcess {
  readonly pid: number;
  /** The process ends when this does. */
  readonly stdin: Writable;
  /** UTF-8. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Whether it has not ended. */
  readonly isRunning: () => boolean;
  /** Resolves once it has ended and everything that it said was read. */
  readonly ended: Promise<ProgramEnd>;
  /** Ends it, by SIGTERM unless another signal is given. */
  kill(signal?: NodeJS.Signals): void;
}

/** How a process ended. */
export interface ProgramEnd {
  /** Exit code, or the signal that ended it. */
  readonly by: number | NodeJS.Signals;
  /** The error that it told of; undefined where it told of none. */
  readonly error: ToldError | undefined;
}

/**
 * Starts `node FLAGS icrl ARGS`; `env` is what its environment has beside this process's. It does not have the operator's key that this
 * process may have in its environment: agents are not to know more than they are shown.
 */
export function startProgram(
  args: readonly string[],
  nodeFlags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ProgramProcess {
  const child: ChildProcess = spawn(process.execPath, [...nodeFlags, PROGRAM, ...args], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    env: { ...process.env, ICRL_OPERATOR_KEY: undefined, ...env },
  });
  let error: ToldError | undefined;
  child.on("message", (message) => {
    error = heardError(message) ?? error;
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const ended = once(child, "close").then(
    (): ProgramEnd => ({ by: child.exitCode ?? (child.signalCode as NodeJS.Signals), error }),
  );
  return {
    pid: child.pid as number,
    stdin: child.stdin as Writable,
    stdout: (child.stdout as Readable).setEncoding("utf8"),
    stderr: (child.stderr as Readable).setEncoding("utf8"),
    isRunning,
    ended,
    kill: (signal = "SIGTERM") => child.kill(signal),
  };
}
