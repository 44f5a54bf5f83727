/** A server put together: the log, sessions, tournaments, collections, labels, and the services on one port. */
import type { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { Logger } from "pino";
import type { Clock } from "../common/clock.js";
import { isLoopback } from "../common/loopback.js";
import { VERSION } from "../common/version.js";
import { makeFolders } from "../datasets/files/make-folders.js";
import { PRIVATE_FOLDER } from "../datasets/files/private.js";
import { openGuards } from "./access/guards.js";
import { checkDoors, type Doors, demandsTokens } from "./access/tls.js";
import { createCollections } from "./collections/collections.js";
import { createDmEnvRpc } from "./dm-env-rpc/dm-env-rpc.js";
import { createEventLog, type ServerEvent } from "./event-log.js";
import {
  type HttpEvents,
  type HttpOptions,
  type HttpServer,
  PAGE_BOUNDS,
  startHttpServer,
} from "./http/http-server.js";
import { createLivePage } from "./http/live-page.js";
import { healthRoute, metricsRoute, type Probed } from "./http/probe-routes.js";
import type { Route } from "./http/route.js";
import { checkKey, newKey } from "./keys.js";
import { createLabels } from "./labels/labels.js";
import type { Lobby } from "./matches/lobby.js";
import { openSchedules } from "./matches/open-schedules.js";
import { notifyAll } from "./matches/turn-listeners.js";
import type { Metrics } from "./metrics/metrics.js";
import { createCallers } from "./rpc/callers.js";
import { type Connections, createConnections } from "./rpc/connections.js";
import { connectionsThatFit } from "./rpc/connections-that-fit.js";
import { statusMessageOf } from "./rpc/errors.js";
import { createGrpcServer, shutDown } from "./rpc/grpc-server.js";
import { type Listener, listen } from "./rpc/listener.js";
import { createPace } from "./rpc/pace.js";
import { addServices } from "./rpc/services.js";
import { newCounters } from "./sessions/counters.js";
import { openKeptSessions } from "./sessions/kept-sessions.js";
import type { Limits } from "./sessions/limits.js";
import { createMemoryBudget, partOf } from "./sessions/memory-budget.js";
import { openSessions } from "./sessions/open-sessions.js";
import { createSession } from "./sessions/session.js";
import { internalError } from "./sessions/session-event.js";
import { createSystemClock } from "./system-clock.js";
import { openTournaments } from "./tournaments/tournaments.js";
import { createLogReads } from "./trajectories/log-reads.js";
import { openTrajectoryLog } from "./trajectories/trajectory-log.js";
import { createWorkQueue } from "./work/work-queue.js";

/** What a server is started with. */
export interface ServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  /** A second address for agents, on this machine's loopback: in the clear, and whoever comes needs no token. */
  readonly local?: string;
  /** Who is let in, at all of the addresses; absent: whoever comes, and from this machine alone. */
  readonly doors?: Doors;
  /** Folder of the log; made when it does not exist. */
  readonly dataDir: string;
  /** Folder of a dataset that agents may label; absent when there is none. */
  readonly datasetDir?: string;
  readonly durability: "fsync" | "process";
  readonly limits: Limits;
  /** Folder of the tokens and of the audit log; absent: `access` in that of the log. */
  readonly accessDir?: string;
  /** Where the live page is served, and the metrics beside it; absent when it is not. */
  readonly http?: HttpOptions;
  /** By which the live page and the RPCs know the operator, 16 to 100 printable characters; absent: one is drawn. */
  readonly operatorKey?: string;
  /** Where the metrics and the health are served by themselves, HOST:PORT; absent when they are not. */
  readonly metrics?: string;
  /** Bytes of the log's disk that are left to everything else: below that nothing is recorded; absent: none. */
  readonly diskReserve?: number;
  /** Most files that the process may have open; absent: enough. */
  readonly openFiles?: number;
  readonly logger: Logger;
  /** By which sessions live and entrants are waited for: the machine's where none is given. */
  readonly clock?: Clock;
}

/** A server that listens. */
export interface RunningServer {
  /** HOST:PORT. */
  readonly address: string;
  /** The second address for agents, HOST:PORT; undefined where there is none. */
  readonly localAddress: string | undefined;
  /** Where the live page is; undefined when it is not served. */
  readonly pageUrl: string | undefined;
  /** By which the server knows its operator: `pageUrl` with it behind `#key=` is the page that withholds nothing. */
  readonly operatorKey: string;
  /** Where the metrics are by themselves: `http://127.0.0.1:9464/`; undefined when they are not. */
  readonly metricsUrl: string | undefined;
  /** Of the addresses of agents, page and metrics those at which others than this machine come in without a token. */
  readonly open: readonly string[];
  /** Bytes of an interrupted write that were cut off the log when it was opened. */
  readonly tornBytes: number;
  /** Drains, and says why: tells sessions, waits for them up to a deadline, makes the log whole, and stops. */
  close(deadlineMs: number, why?: string): Promise<void>;
}

/** Largest request of a method that is no session, in bytes: a tournament of a thousand entrants has some hundred thousand. */
const MAX_REQUEST_BYTES = 1 << 19;

/** How long, beyond the deadline, the last answers have to reach whoever reads them. */
const GOODBYE_MS = 1000;

/**
 * Starts a server.
 *
 * @throws TLS_REQUIRED if others would reach an address of it unprotected, OPTION_INVALID for a local address that is not local
 * @throws NOT_A_LOG if there is no dataset where one is named; LOG_LOCKED if another process writes to the folder; an Error with a code if the address cannot be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger, operatorKey = newKey() } = options;
  const addresses = { ...options, http: options.http?.listen };
  checkDoors(addresses, options.doors);
  checkKey("the operator's key", operatorKey);
  const limits = limitsThatFit(options);
  const labels = options.datasetDir === undefined ? undefined : createLabels(options.datasetDir, limits);
  makeFolders(options.dataDir, PRIVATE_FOLDER);
  const metrics = await metricsFor(options);
  const tell = tellAll(logger, metrics);
  if (limits.maxConnections < options.limits.maxConnections) tell(connectionsLowered(limits, options));
  const log = await openTrajectoryLog(options.dataDir, { ...logOptions(options), tell });
  const machine = createSystemClock((lateMs) => metrics?.turn(lateMs));
  const clock = options.clock ?? machine;
  const page = options.http === undefined ? undefined : createLivePage(clock.now);
  const sink = page?.watch(log) ?? log;
  const onError = (error: unknown) => tell(internalError("background", error));
  const memory = createMemoryBudget(limits.maxMemoryBytes);
  const schedules = openSchedules(limits.maxSchedules);
  const work = createWorkQueue({ clock, onError });
  const shared = { limits, sink, memory, schedules, clock, work, onError };
  const forSchedules = { ...shared, memory: partOf(memory, mostOfSchedules(limits), "tournaments and collections") };
  const tournaments = await openTournaments({ ...forSchedules, dataDir: options.dataDir, tell }).catch(
    async (error) => {
      page?.close();
      machine.close();
      await sink.close();
      throw error;
    },
  );
  const sessions = openSessions(limits.maxSessions);
  const kept = openKeptSessions(options.dataDir, limits.resumeMs, clock, tell);
  const counters = newCounters();
  const reads = createLogReads({ dir: options.dataDir, log, maxReads: limits.maxReads });
  const collections = createCollections({ ...forSchedules, counters, tell }, reads.played);
  const lobby = lobbyOf(tournaments, collections);
  const context = { ...shared, lobby, sessions, kept, labels, counters, tell, times: metrics?.times };
  const dmEnvRpc = createDmEnvRpc(context, (error) => statusMessageOf(error, tell, "dm_env_rpc"));
  metrics?.watch({ counters, log, sessions, tournaments, labels, worlds: dmEnvRpc.worlds });
  const startedAt = new Date();

  const connections = createConnections(limits.maxConnections, limits.maxConnectionsPerAddress);
  const guards = openGuards(addresses, { ...options, operatorKey, nowMs: clock.now, onError });
  guards.endSessions(sessions, dmEnvRpc.conversations);
  const callers = createCallers(guards, connections.demandsToken);
  const maxMessageBytes = Math.min(limits.maxMessageBytes, MAX_REQUEST_BYTES);
  const methods = { tell, clock, callers, pace: createPace(), maxMessageBytes };
  const server = createGrpcServer(limits, { connections, callers, clock, tell });
  addServices(server, {
    ...{ tournaments, collections, reads, limits, methods: { ...methods, connections } },
    startSession: (link) => createSession(link, context),
    startConversation: dmEnvRpc.start,
    info: { limits, labels, sink, durability: options.durability, startedAt, counters, openSessions: sessions },
  });
  const health = new HealthImplementation({ "": "SERVING" });
  health.addToServer(server);

  let listener: AgentsListener | undefined;
  let pages: { readonly page?: HttpServer; readonly probes?: HttpServer };
  let draining = false;
  try {
    listener = await listenToAgents(server, options, connections, clock);
    const { address } = listener;
    const watched = { address, startedAtMs: startedAt.getTime(), counters, work, sink, sessions, tournaments };
    const probed = metrics && { metrics, sink, draining: () => draining };
    pages = await servePages(options, page?.routes(watched) ?? [], probed, {
      ...{ ...guards, nowMs: clock.now },
      onError: (error) => tell(internalError("http", error)),
    });
  } catch (error) {
    server.forceShutdown();
    listener?.destroy();
    page?.close();
    machine.close();
    await kept.write(); // those of the server before it: nobody could come for them
    await guards.close();
    await tournaments.close();
    collections.close();
    await reads.close();
    await sink.close();
    throw error;
  }

  const { address } = listener;
  const open = [address, options.http?.listen, options.metrics].filter((one) => isOpen(one, options.doors));
  tell(listening({ address, page: pages.page?.url, metrics: pages.probes?.url, open, data: options.dataDir }));
  return {
    address,
    localAddress: listener.localAddress,
    operatorKey,
    pageUrl: pages.page?.url,
    metricsUrl: pages.probes?.url,
    open,
    tornBytes: sink.tornBytes,
    async close(deadlineMs, why = "closed") {
      const deadline = performance.now() + deadlineMs;
      draining = true;
      tell({ event: "draining", sessions: sessions.size, deadlineMs, why });
      health.setStatus("", "NOT_SERVING");
      // It listens until the last session has ended, to say why it takes no more.
      await Promise.all([sessions.drain(deadlineMs), dmEnvRpc.drain()]);
      await kept.write();
      const tournamentsClosed = tournaments.close();
      collections.close();
      labels?.close();
      listener.stop();
      await shutDown(server, Math.max(deadline - performance.now(), 0) + GOODBYE_MS);
      listener.destroy();
      page?.close();
      await pages.page?.close();
      await tournamentsClosed;
      await reads.close();
      await sink.close();
      await guards.close();
      await pages.probes?.close(); // last: it says that the rest stops
      machine.close();
      tell({ event: "stopped" });
    },
  };
}

/** Where entrants wait: of a tournament, or of the collection that they name. */
const lobbyOf = (tournaments: Lobby, collections: Lobby): Lobby => ({
  enter: (entrant, seat) => (entrant.collectionId === undefined ? tournaments : collections).enter(entrant, seat),
});

const logOptions = ({ durability, diskReserve = 0 }: ServerOptions) => ({
  ...{ durability, reserve: { bytes: diskReserve } },
});

/** Whether others than this machine come in at an address without a token. */
const isOpen = (address: string | undefined, doors: Doors = {}): address is string =>
  address !== undefined && !isLoopback(address) && !demandsTokens(address, doors);

const listening = ({
  open,
  ...where
}: Record<"address" | "data", string> &
  Record<"page" | "metrics", string | undefined> & { open: string[] }): ServerEvent => ({
  event: "listening",
  ...where,
  open: open.length > 0 ? open : undefined,
  version: VERSION,
});

/** Who is let in at an address. */
const doorAt = (address: string, doors: Doors) => ({ tls: doors.tls, demandsToken: demandsTokens(address, doors) });

/** The agents' addresses. */
interface AgentsListener extends Listener {
  /** The second one; undefined where there is none. */
  readonly localAddress: string | undefined;
}

async function listenToAgents(
  server: Server,
  { listen: at, local, doors = {} }: ServerOptions,
  connections: Connections,
  clock: Clock,
): Promise<AgentsListener> {
  const listener = await listen(server, at, connections, clock, doorAt(at, doors));
  if (local === undefined) return { ...listener, localAddress: undefined };
  try {
    const second = await listen(server, local, connections, clock);
    return {
      address: listener.address,
      localAddress: second.address,
      stop() {
        listener.stop();
        second.stop();
      },
      destroy() {
        listener.destroy();
        second.destroy();
      },
    };
  } catch (error) {
    listener.destroy();
    throw error;
  }
}

/** Prometheus' client is loaded where its numbers are served. */
async function metricsFor({ http, metrics }: ServerOptions): Promise<Metrics | undefined> {
  if (http === undefined && metrics === undefined) return undefined;
  return (await import("./metrics/metrics.js")).createMetrics();
}

/** Whoever tells of something is in the middle of it: that it cannot be told is no reason to break off. */
function tellAll(logger: Logger, metrics: Metrics | undefined): (event: ServerEvent) => void {
  const say = createEventLog(logger);
  const listeners = metrics === undefined ? [say] : [say, metrics.count];
  return (event) =>
    notifyAll(
      listeners.map((listener) => () => listener(event)),
      () => {},
    );
}

const connectionsLowered = ({ maxConnections }: Limits, { openFiles = 0 }: ServerOptions): ServerEvent => ({
  event: "connections_lowered",
  maxConnections,
  openFiles,
});

/** Bytes that tournaments and collections may reserve: the rest is for those who play. The largest that may be has room, though. */
const mostOfSchedules = ({ maxMemoryBytes, maxSessionBytes }: Limits): number =>
  Math.max(maxMemoryBytes / 2, Math.min(maxSessionBytes, maxMemoryBytes));

/** The limits, with no more connections than files allow. */
function limitsThatFit({ limits, openFiles = Number.POSITIVE_INFINITY }: ServerOptions): Limits {
  return { ...limits, maxConnections: connectionsThatFit(limits.maxConnections, openFiles) };
}

/**
 * The live page, and the metrics by themselves, where they are asked for. A browser has six connections, whoever scrapes one: nobody may
 * take all of the process's.
 */
async function servePages(
  { http, metrics: listen, doors = {} }: ServerOptions,
  routes: readonly Route[],
  probed: Probed | undefined,
  events: HttpEvents,
): Promise<{ readonly page?: HttpServer; readonly probes?: HttpServer }> {
  if (probed === undefined) return {};
  const numbers = metricsRoute(probed);
  const pageBounds = { ...PAGE_BOUNDS, doors: createConnections(128, 64) };
  const page =
    http &&
    (await startHttpServer({ ...http, ...doorAt(http.listen, doors) }, [...routes, numbers], events, pageBounds));
  if (listen === undefined) return { page };
  const bounds = { what: "the metrics", requestMs: 2000, doors: createConnections(16, 8) };
  try {
    return {
      page,
      probes: await startHttpServer(
        { listen, ...doorAt(listen, doors) },
        [numbers, healthRoute(probed)],
        events,
        bounds,
      ),
    };
  } catch (error) {
    await page?.close();
    throw error;
  }
}
