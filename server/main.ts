/** The server's process: starts it, says where it listens, and drains it on SIGINT and SIGTERM. */
import { pino } from "pino";
import { type RunningServer, type ServerOptions, startServer } from "./app.js";
import { createEventLog } from "./event-log.js";
import { hearGrpc } from "./rpc/grpc-log.js";
import { internalError } from "./sessions/session-event.js";

/** How the process is to behave beyond what the server needs. */
export interface MainOptions extends Omit<ServerOptions, "logger" | "openFiles"> {
  /** pino level of the server's own log, which goes to standard error. */
  readonly logLevel: string;
  /** How long sessions may finish after SIGINT or SIGTERM, in milliseconds. */
  readonly drainMs: number;
  /** Whether to stop when standard input ends: a server started by another process does not outlive it. */
  readonly stopWithInput: boolean;
  /** Called once it listens. */
  readonly onListening: (server: RunningServer) => void;
}

/**
 * Runs until SIGINT or SIGTERM; resolves when it has stopped. A second signal stops at once; so does what nobody caught, with exit code 1: it
 * is a bug, nobody knows what it left half done, and what was acknowledged is durable.
 */
export async function runServer(options: MainOptions): Promise<void> {
  const logger = pino({ level: options.logLevel }, pino.destination({ fd: 2, sync: true }));
  const say = createEventLog(logger);
  hearGrpc(say);
  const onUncaught = (error: unknown, origin: string) => {
    say(internalError(origin, error));
    process.exit(1);
  };
  process.on("uncaughtException", onUncaught); // rejections that nobody handles come here, too
  const server = await startServer({ ...options, logger, openFiles: openFiles() });
  const stopped = new Promise<void>((resolve, reject) => {
    let stopping = false;
    let signals = 0;
    const stop = (why: string) => {
      if (stopping) return;
      stopping = true;
      server.close(options.drainMs, why).then(resolve, reject);
    };
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(1); // what was acknowledged is durable already
      stop(signal);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    // A Ctrl-C reaches this process and the one whose end of input it has: which comes first is chance, and neither is the second.
    if (options.stopWithInput) process.stdin.on("end", () => stop("end of input")).resume();
  });
  options.onListening(server); // whoever hears of it may send a signal at once
  try {
    await stopped;
  } finally {
    process.off("uncaughtException", onUncaught);
    if (options.stopWithInput) process.stdin.destroy(); // open input would keep the process alive
  }
}

/** Most files that this process may have open; where the system does not say, what is usual. */
function openFiles(): number {
  Object.assign(process.report, { excludeNetwork: true }); // what may take long, and is not asked for
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: Record<string, { soft: number | "unlimited" }>;
  };
  const soft = userLimits?.open_files?.soft ?? USUAL_FILES;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** What systems allow a process that has asked for nothing else. */
const USUAL_FILES = 1024;
