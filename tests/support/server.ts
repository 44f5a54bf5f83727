/** Real servers for tests: in this process, or as a process of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import type { Credentials } from "#icrl/clients/typescript/credentials.js";
import type { Clock } from "#icrl/common/clock.js";
import { readEpisodes } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { type RunningServer, type ServerOptions, startServer } from "#icrl/server/app.js";
import type { HttpOptions } from "#icrl/server/http/http-server.js";
import { type LimitOptions, type Limits, resolveLimits } from "#icrl/server/sessions/limits.js";
import { createReplay } from "#icrl/server/trajectories/replay.js";
import { type LogReport, verifyLog } from "#icrl/server/trajectories/verify.js";
import { tempDir } from "./temp-dir.js";

/** The program `icrl`. */
export const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** A server in this process, with a connection to it. */
export interface TestServer {
  readonly address: string;
  readonly dataDir: string;
  readonly limits: Limits;
  readonly connection: Connection;
  /** Where its live page is; undefined when it has none. */
  readonly pageUrl: string | undefined;
  /** By which it knows its operator. */
  readonly operatorKey: string;
  /** Where its metrics are by themselves; undefined when they are not. */
  readonly metricsUrl: string | undefined;
  /** What it wrote to its own log, parsed. */
  readonly said: readonly Record<string, unknown>[];
  /** Drains it and stops it; once. */
  close(deadlineMs?: number): Promise<void>;
  /** Stops it and deletes its folder. */
  dispose(): Promise<void>;
}

/** Starts one, with a dataset to label and a live page if there are, in a new folder or an earlier one's; whoever asks disposes of it. */
export async function startTestServer(
  limits: Partial<LimitOptions> = {},
  datasetDir?: string,
  http?: HttpOptions,
  dir = tempDir(),
  logLevel = "info",
  clock?: Clock,
  more: Partial<Pick<ServerOptions, "listen" | "local" | "doors" | "diskReserve" | "metrics" | "openFiles">> = {},
  shown?: Credentials | ((server: RunningServer) => Credentials),
): Promise<TestServer> {
  const resolved = resolveLimits(limits);
  const said: Record<string, unknown>[] = [];
  const server = await startServer({
    listen: "127.0.0.1:0",
    ...more,
    dataDir: dir.path,
    datasetDir,
    durability: "process",
    limits: resolved,
    http,
    clock,
    logger: pino(
      { level: logLevel },
      { write: (line: string) => said.push(JSON.parse(line) as Record<string, unknown>) },
    ),
  });
  const connection = await connect(
    server.address,
    undefined,
    undefined,
    typeof shown === "function" ? shown(server) : shown,
  );
  let closed: Promise<void> | undefined;
  const close = (deadlineMs = 0) => {
    closed ??= server.close(deadlineMs);
    return closed;
  };
  return {
    address: server.address,
    dataDir: dir.path,
    limits: resolved,
    connection,
    pageUrl: server.pageUrl,
    operatorKey: server.operatorKey,
    metricsUrl: server.metricsUrl,
    said,
    close,
    async dispose() {
      connection.close();
      await close();
      dir.remove();
    },
  };
}

/** Starts one for the test that runs now. */
export async function serverForTest(
  limits: Partial<LimitOptions> = {},
  datasetDir?: string,
  clock?: Clock,
): Promise<TestServer> {
  const server = await startTestServer(limits, datasetDir, undefined, undefined, undefined, clock);
  onTestFinished(() => server.dispose());
  return server;
}

/** Starts one on the folder of an earlier one, which has stopped and disposes of the folder. */
export async function serverAfter(
  earlier: { readonly dataDir: string },
  limits: Partial<LimitOptions> = {},
  logLevel?: string,
): Promise<TestServer> {
  const server = await startTestServer(limits, undefined, undefined, { path: earlier.dataDir, remove() {} }, logLevel);
  onTestFinished(() => server.dispose());
  return server;
}

/** Starts one with a live page, and metrics beside it, for the test that runs now. */
export async function serverWithPage(
  limits: Partial<LimitOptions> = {},
  logLevel?: string,
): Promise<TestServer & { readonly pageUrl: string }> {
  const server = await startTestServer(limits, undefined, { listen: "127.0.0.1:0" }, undefined, logLevel);
  onTestFinished(() => server.dispose());
  return { ...server, pageUrl: server.pageUrl as string };
}

/** Every episode of a log that nobody writes to, in log order. */
export async function readLog(dataDir: string): Promise<TrajectoryRow[]> {
  const rows: TrajectoryRow[] = [];
  for await (const row of readEpisodes(dataDir)) rows.push(row);
  return rows;
}

/** What `icrl log verify` finds. */
export function verify(dataDir: string): Promise<LogReport> {
  return verifyLog(dataDir, createReplay());
}

/** A process that a test started; killed when the test ends, if it still runs. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** The next line of its standard output; rejects with what it wrote to standard error if there is none. */
  line(): Promise<string>;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly stderr: string;
}

/** Starts a process; its standard input stays open until the test ends. `shell` is run first, in the same process. */
export function startProcess(args: readonly string[], shell?: string): TestProcess {
  const child =
    shell === undefined
      ? spawn(process.execPath, args)
      : spawn("sh", ["-c", `${shell}; exec "$@"`, "sh", process.execPath, ...args]);
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => {
    stderr += String(text);
  });
  child.stdin.on("error", () => {}); // it may be gone already
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return {
    child,
    exited,
    get stderr() {
      return stderr;
    },
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`the process said nothing more on standard output: ${stderr}`);
      return next.value;
    },
  };
}

/** A server as a process. */
export interface ServerProcess extends TestProcess {
  readonly address: string;
}

/** Starts `icrl serve` on a free port and waits until it listens. */
export async function startServerProcess(
  dataDir: string,
  flags: readonly string[] = [],
  shell?: string,
): Promise<ServerProcess> {
  const serve = ["serve", "--listen", "127.0.0.1:0", "--http", "off", "--data", dataDir, "--json", "--stop-with-input"];
  const process = startProcess([PROGRAM, ...serve, "--log-level", "warn", ...flags], shell);
  const { address } = JSON.parse(await process.line()) as { address: string };
  return Object.assign(process, { address });
}
