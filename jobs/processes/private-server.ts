/** A server of a job's own: a process on 127.0.0.1 that ends with this one. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { IcrlError } from "../../common/errors.js";
import { ownTaskSources } from "../../server/own-tasks/own-tasks.js";
import { abortable } from "../abortable.js";
import { openAddressWarning } from "./open-address.js";
import { type ProgramEnd, startProgram } from "./program.js";

/** The process that was to be a private server said this and ended. */
export class ServerStartError extends Error {}

/** A server process. */
export interface PrivateServer {
  readonly address: string;
  /** Where whoever is on this machine needs neither TLS nor a token: the same, where it listens nowhere else. */
  readonly localAddress: string;
  /** Where its live page is, with the operator's key; undefined when it has none. */
  readonly pageUrl: string | undefined;
  /** Where its metrics are; undefined when it has none of its own: see `serve --metrics`. */
  readonly metricsUrl: string | undefined;
  /** Whoever shows it may all that an owner may. */
  readonly operatorKey: string;
  /** Process id. */
  readonly pid: number;
  /** Lets it finish, and waits until it has stopped. */
  close(): Promise<void>;
}

/** How one is started. */
export interface PrivateServerOptions {
  /** More flags of `icrl serve`; a later one takes the place of an earlier: --listen, --http, --resume-ms. */
  readonly flags?: readonly string[];
  /** Told its warnings; absent: nobody is. */
  readonly say?: (line: string) => void;
  /** Breaks the start off. */
  readonly signal?: AbortSignal;
}

/** The tasks of this process are those of its servers. */
function ownTaskFlags(): string[] {
  const { files, modules } = ownTaskSources();
  return [
    ...files.flatMap(({ name, path }) => ["--task-file", `${name}=${path}`]),
    ...modules.flatMap((path) => ["--task", path]),
  ];
}

/** Flags of every private server. */
const FLAGS = [
  ...["--listen", "127.0.0.1:0", "--http", "off"],
  ...["--json", "--log-level", "warn", "--stop-with-input"],
  // Its agents are on this machine: one whose stream is lost was ended, and nobody is to wait for it.
  ...["--resume-ms", "0"],
];

/**
 * glibc's malloc keeps what large buffers took once it has seen some of them come and go, in every thread's arena, unless it is told from
 * where on memory is the system's: `malloc(3)`, `mallopt(3)`, M_MMAP_THRESHOLD. Other allocators do not read these.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: "262144", MALLOC_TRIM_THRESHOLD_: "262144" };

/**
 * Starts one.
 *
 * @param dataDir folder of its log
 * @throws IcrlError with the reason that the process gave, or ServerStartError, if it does not start; the signal's reason once it is aborted
 */
export async function startPrivateServer(
  dataDir: string,
  { flags = [], say = () => {}, signal = new AbortController().signal }: PrivateServerOptions = {},
): Promise<PrivateServer> {
  signal.throwIfAborted();
  const server = startProgram(
    ["serve", "--data", dataDir, ...FLAGS, ...ownTaskFlags(), ...flags],
    [],
    unlessSet(ALLOCATOR),
  );
  let said = "";
  let listens = false;
  createInterface({ input: server.stderr }).on("line", (line) => {
    said = `${said}${line}\n`.slice(-10_000);
    const event = eventOf(line);
    if (event?.event === "lock_watched") say(watchedText(event));
    else if (listens && event?.event !== "listening") say(event === undefined ? `its server: ${line}` : line);
  });
  const first = once(createInterface({ input: server.stdout }), "line") as Promise<string[]>;
  const listening = Promise.race([first.then(([line]) => line), server.ended.then((end) => fail(end, said))]);
  let line: string;
  try {
    line = await abortable(listening, signal);
  } catch (error) {
    server.kill();
    await server.ended;
    throw error;
  }
  listens = true;
  const { address, local, open, page, metrics, operator_key } = JSON.parse(line) as {
    readonly address: string;
    readonly local: string | null;
    readonly open: readonly string[];
    readonly page: string | null;
    readonly metrics: string | null;
    readonly operator_key: string;
  };
  for (const one of open) say(openAddressWarning(one));
  return {
    address,
    localAddress: local ?? address,
    pageUrl: page ?? undefined,
    metricsUrl: metrics === null ? undefined : new URL("metrics", metrics).href,
    operatorKey: operator_key,
    pid: server.pid,
    async close() {
      if (server.isRunning()) server.stdin.end();
      await server.ended;
    },
  };
}

function fail({ error }: ProgramEnd, said: string): never {
  if (error?.reason !== undefined) throw IcrlError.told(error.reason, error.message);
  throw new ServerStartError(`the private server did not start: ${error?.message ?? said}`);
}

/** A line of a server's own log, which is JSON; undefined where it is something else. */
function eventOf(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What a server that starts waits for, for people: half a minute in silence would look like a fault. */
function watchedText({ folder, holder, seconds }: Readonly<Record<string, unknown>>): string {
  return `waiting: ${holder} was the last to write to ${folder}, and may still live: for up to ${seconds} s, to see whether it does`;
}

/** Of some variables those that the environment does not have. */
const unlessSet = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => process.env[name] === undefined));
