/** The program `icrl` as its users run it: a process. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The repository. */
export const ROOT = join(import.meta.dirname, "../..");

/** The compiled program. */
export const PROGRAM = join(ROOT, "dist/cli/main.js");

/** What a process left. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly stderr: string;
  /** Resolves once standard error has this. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/**
 * Starts a Node program in the repository.
 *
 * @param group whether it leads a process group, as a command does in a terminal
 * @param env variables beside this process's
 */
export function startNode(
  args: readonly string[],
  { group = false, env = {} }: { readonly group?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Running {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    detached: group,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    get stderr() {
      return stderr;
    },
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const listener = () => stderr.includes(text) && resolve();
        listeners.add(listener);
        listener();
        void ended.then(() => reject(new Error(`ended without saying "${text}":\n${stderr}`)));
      }),
  };
}

/** Runs `icrl` to its end. */
export function icrl(...args: string[]): Promise<Ended> {
  return startNode([PROGRAM, ...args]).ended;
}

/** Runs it with --json; standard output must hold the one document and nothing else. */
export async function icrlJson(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await icrl(...args, "--json");
  if (code !== 0 || /^error/m.test(stderr)) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Processes below one, with what they run. */
export function descendants(pid: number): { pid: number; runs: string }[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []);
  const below = (parent: number): { pid: number; runs: string }[] =>
    rows
      .filter(([, , of]) => Number(of) === parent)
      .flatMap(([, child, , runs]) => [{ pid: Number(child), runs }, ...below(Number(child))]);
  return below(pid);
}

/** A new folder; call `remove` when done. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "icrl-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** An `icrl serve` on a free port, with its log in `data`; `firstLine` is what it printed with --json. */
export async function startServe(data: string, ...args: string[]) {
  const running = startNode([
    PROGRAM,
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    data,
    "--json",
    "--log-level",
    "warn",
    ...args,
  ]);
  const lines = createInterface({ input: running.child.stdout as NodeJS.ReadableStream });
  const [firstLine] = (await Promise.race([
    once(lines, "line"),
    running.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])) as [string];
  return {
    address: (JSON.parse(firstLine) as { address: string }).address,
    firstLine,
    /** SIGTERM; resolves with what the process left. */
    stop(): Promise<Ended> {
      running.child.kill("SIGTERM");
      return running.ended;
    },
  };
}
