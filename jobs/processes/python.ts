/** Python, for what is read or written best there: a process whose output is bytes, and which ends with this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { withoutKeys } from "./program.js";

/** The most of what it says for people that is kept, in characters: its last words. */
const MOST_LAST = 2000;

/** A Python process. */
export interface PythonProcess {
  /** Bytes. */
  readonly stdout: Readable;
  /** Resolves once it has ended and its output was read: with its exit code, the signal that ended it, or why it could not be started. */
  readonly ended: Promise<PythonEnd>;
  /** Ends it at once. */
  kill(): void;
}

/** How it ended. */
export interface PythonEnd {
  readonly by: number | NodeJS.Signals | "not started";
  /** The last of what it said on standard error. */
  readonly said: string;
}

/** The Python that is used: ICRL_PYTHON of the environment, or python3. */
export const pythonProgram = (): string => process.env.ICRL_PYTHON || "python3";

/** Runs a module as `-m` does, but for modules of that name in the folder that one is in: who opens others' files may be in one of theirs. */
const RUN = [
  "import runpy, sys",
  "sys.path[:1] = [place for place in sys.path[:1] if place]",
  "runpy.run_module(sys.argv.pop(1), None, '__main__', True)",
].join("; ");

/** Starts a module of Python's, in the folder that this process is in. It has no keys and tokens of servers. */
export function startPython(module: string, args: readonly string[]): PythonProcess {
  const child: ChildProcess = spawn(pythonProgram(), ["-c", RUN, module, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: withoutKeys(process.env),
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-MOST_LAST);
  });
  const failed = once(child, "error").then(
    ([error]): PythonEnd => ({ by: "not started", said: String(error.message) }),
  );
  const closed = once(child, "close").then(
    (): PythonEnd => ({ by: child.exitCode ?? (child.signalCode as NodeJS.Signals), said }),
  );
  const ended = Promise.race([failed, closed]);
  return { stdout: child.stdout as Readable, ended, kill: () => void child.kill("SIGKILL") };
}
