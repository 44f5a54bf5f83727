/** Processes that a job starts: of this program, and others' commands. Each ends with the process that started it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { CREDENTIAL_VARIABLES } from "../../clients/typescript/credentials.js";
import { heardEnd, heardError, type ToldError } from "./told-error.js";

/** Variables that a process has by itself, or not at all. */
const NOT_PASSED_ON = Object.fromEntries(
  ["ICRL_OPERATOR_KEY", "ICRL_AGENT_TOKEN", ...Object.values(CREDENTIAL_VARIABLES)].map((name) => [name, undefined]),
);

/** An environment without what is meant for this process alone: keys, and tokens of servers. */
export const withoutKeys = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, ...NOT_PASSED_ON });

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

/** Path of what keeps a command. */
const KEEPER = fileURLToPath(new URL("./keep-command.js", import.meta.url));

/** How long a command may take to end once it was told to, in milliseconds; then it is killed. */
const GRACE_MS = 5000;

/** How long what a command left running may hold its output open, in milliseconds. */
const LINGER_MS = 1000;

/** Starts `node FLAGS icrl ARGS`; `env` is what its environment has beside this process's. */
export function startProgram(
  args: readonly string[],
  nodeFlags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ProgramProcess {
  return startNode([...nodeFlags, PROGRAM, ...args], { env });
}

/** What a command runs in. */
export interface CommandPlace {
  /** Its folder. */
  readonly folder: string;
  /** What its environment has beside this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to end, in milliseconds. */
  readonly graceMs?: number;
}

/**
 * Starts a command in any language, without a shell. It leads a process group of its own, all of which ends with it, with this process,
 * and when it is killed, by whatever signal: what does not end by SIGTERM within a while is killed.
 *
 * @param words the program and its arguments
 */
export function startCommand(
  words: readonly string[],
  { folder, env = {}, graceMs = GRACE_MS }: CommandPlace,
): ProgramProcess {
  return startNode([KEEPER, String(graceMs), ...words], { env, folder, isKept: true });
}

/** How a Node process is started. */
interface NodePlace {
  readonly env: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Whether it keeps a command. */
  readonly isKept?: boolean;
}

/**
 * Starts Node. It does not have the operator's key and the token that this process may have in its environment: agents are not to know more
 * than they are shown, and what was meant for one server is not shown to another.
 */
function startNode(args: readonly string[], { env, folder, isKept = false }: NodePlace): ProgramProcess {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    cwd: folder,
    env: { ...withoutKeys(process.env), ...env },
  });
  let error: ToldError | undefined;
  let end: number | NodeJS.Signals | undefined;
  child.on("message", (message) => {
    error = heardError(message) ?? error;
    end = heardEnd(message) ?? end;
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const ended = once(child, "close").then(
    (): ProgramEnd => ({ by: end ?? child.exitCode ?? (child.signalCode as NodeJS.Signals), error }),
  );
  const stdin = child.stdin as Writable;
  const [stdout, stderr] = [child.stdout as Readable, child.stderr as Readable];
  if (isKept) {
    stdin.on("error", () => {}); // it ended by itself
    child.on("exit", () => {
      // What left the group may live as long as it likes, and has its output still.
      const cut = setTimeout(() => [stdout, stderr].forEach((words) => void words.destroy()), LINGER_MS);
      child.on("close", () => clearTimeout(cut));
    });
  }
  return {
    pid: child.pid as number,
    stdin,
    stdout: stdout.setEncoding("utf8"),
    stderr: stderr.setEncoding("utf8"),
    isRunning,
    ended,
    kill: (signal = "SIGTERM") => child.kill(isKept ? "SIGTERM" : signal),
  };
}
