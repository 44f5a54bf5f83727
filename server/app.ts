/** A server put together: the log, sessions, tournaments, collections, labels, and the services on one port. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { Logger } from "pino";
import type { Clock } from "../common/clock.js";
import { isLoopback } from "../common/loopback.js";
import { VERSION } from "../common/version.js";
import { makeFolders } from "../datasets/files/make-folders.js";
import { CollectionServiceService } from "../proto/gen/icrl/v1/collection.js";
import { EnvironmentServiceService } from "../proto/gen/icrl/v1/environment.js";
import { ServerInfoServiceService } from "../proto/gen/icrl/v1/server_info.js";
import { TournamentServiceService } from "../proto/gen/icrl/v1/tournament.js";
import { TrajectoryServiceService } from "../proto/gen/icrl/v1/trajectory.js";
import { createCollections } from "./collections/collections.js";
import { createEventLog, internalError, type ServerEvent } from "./event-log.js";
import { type HttpOptions, type HttpServer, startHttpServer } from "./http/http-server.js";
import { createLivePage } from "./http/live-page.js";
import type { Route } from "./http/route.js";
import { checkKey, hashOfKey, newKey } from "./keys.js";
import { createLabels } from "./labels/labels.js";
import type { Lobby } from "./matches/lobby.js";
import { createMetrics, type Metrics } from "./metrics/metrics.js";
import { collectionService } from "./rpc/collection-service.js";
import { environmentService } from "./rpc/environment-service.js";
import { withRawMessages } from "./rpc/methods.js";
import { openSessions } from "./rpc/open-sessions.js";
import { reflectionService } from "./rpc/reflection.js";
import { serverInfoService } from "./rpc/server-info-service.js";
import { tournamentService } from "./rpc/tournament-service.js";
import { trajectoryService } from "./rpc/trajectory-service.js";
import { newCounters } from "./sessions/counters.js";
import type { Limits } from "./sessions/limits.js";
import { createSession } from "./sessions/session.js";
import { systemClock } from "./system-clock.js";
import { openTournaments } from "./tournaments/tournaments.js";
import { createLogReads } from "./trajectories/log-reads.js";
import { openTrajectoryLog } from "./trajectories/trajectory-log.js";

/** What a server is started with. */
export interface ServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  /** Folder of the log; made when it does not exist. */
  readonly dataDir: string;
  /** Folder of a dataset that agents may label; absent when there is none. */
  readonly datasetDir?: string;
  readonly durability: "fsync" | "process";
  readonly limits: Limits;
  /** Where the live page and the metrics are served; absent when they are not. */
  readonly http?: HttpOptions;
  readonly logger: Logger;
  /** Who shows it may all that an owner, an entrant or a user of the page may; drawn where none is given. */
  readonly operatorKey?: string;
  /** By which sessions live and entrants are waited for: the machine's where none is given. */
  readonly clock?: Clock;
}

/** A server that listens. */
export interface RunningServer {
  /** HOST:PORT. */
  readonly address: string;
  /** Where the live page is; undefined when it is not served. */
  readonly pageUrl: string | undefined;
  /** What calls of its operator show: `authorization: Bearer KEY`. */
  readonly operatorKey: string;
  /** Of the addresses of agents and page those that others than this machine reach. */
  readonly open: readonly string[];
  /** Bytes of an interrupted write that were cut off the log when it was opened. */
  readonly tornBytes: number;
  /** Drains, and says why: tells sessions, waits for them up to a deadline, makes the log whole, and stops. */
  close(deadlineMs: number, why?: string): Promise<void>;
}

/** gRPC's own bound is wider than ours, so that a message between the two gets our reason. */
const HARD_LIMIT_FACTOR = 4;

/** How long, beyond the deadline, the last answers have to reach whoever reads them. */
const GOODBYE_MS = 1000;

/**
 * Starts a server.
 *
 * @throws NOT_A_LOG if there is no dataset where one is named; LOG_LOCKED if another process writes to the folder; an Error with a code if the address cannot be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { limits, logger, clock = systemClock, operatorKey = newKey() } = options;
  checkKey("the operator's key", operatorKey);
  const labels = options.datasetDir === undefined ? undefined : createLabels(options.datasetDir, limits);
  makeFolders(options.dataDir);
  const metrics = options.http === undefined ? undefined : createMetrics();
  const say = createEventLog(logger);
  const tell = (event: ServerEvent) => {
    say(event);
    metrics?.count(event);
  };
  const log = await openTrajectoryLog(options.dataDir, { durability: options.durability, tell });
  const page = options.http === undefined ? undefined : createLivePage(clock.now);
  const sink = page?.watch(log) ?? log;
  const onError = (error: unknown) => tell(internalError("background", error));
  const tournaments = await openTournaments({ dataDir: options.dataDir, limits, sink, clock, onError, tell }).catch(
    async (error) => {
      page?.close();
      await sink.close();
      throw error;
    },
  );
  const sessions = openSessions(limits.max_sessions);
  const counters = newCounters();
  const reads = createLogReads({ dir: options.dataDir, log: sink, maxReads: limits.max_reads });
  const collections = createCollections({ limits, sink, clock, counters, onError, tell }, reads.played);
  const lobby: Lobby = {
    enter: (entrant, seat) => (entrant.collectionId === undefined ? tournaments : collections).enter(entrant, seat),
  };
  const context = { limits, sink, lobby, labels, clock, counters, tell, times: metrics?.times };
  metrics?.watch({ counters, log, sessions, tournaments });
  const startedAt = new Date();

  const operatorKeyHash = hashOfKey(operatorKey);
  const methods = { tell, maxMessageBytes: limits.max_message_bytes, operatorKeyHash, clock };
  const server = new Server({
    "grpc.max_receive_message_length": limits.max_message_bytes * HARD_LIMIT_FACTOR,
    "grpc.max_send_message_length": -1,
  });
  server.addService(
    withRawMessages(EnvironmentServiceService),
    environmentService(sessions, (link) => createSession(link, context), methods),
  );
  server.addService(withRawMessages(TournamentServiceService), tournamentService(tournaments, methods));
  server.addService(withRawMessages(CollectionServiceService), collectionService(collections, methods));
  server.addService(withRawMessages(TrajectoryServiceService), trajectoryService(reads, tournaments, limits, methods));
  server.addService(
    withRawMessages(ServerInfoServiceService),
    serverInfoService(
      { limits, labels, sink, durability: options.durability, startedAt, counters, openSessions: sessions },
      methods,
    ),
  );
  reflectionService().addToServer(server);
  const health = new HealthImplementation({ "": "SERVING" });
  health.addToServer(server);

  let address: string;
  let http: HttpServer | undefined;
  try {
    address = await bind(server, options.listen);
    if (options.http !== undefined && page !== undefined && metrics !== undefined) {
      const watched = { address, startedAtMs: startedAt.getTime(), counters, sink, sessions, tournaments };
      http = await startHttpServer(options.http, [...page.routes(watched), metricsRoute(metrics)], (error) =>
        tell(internalError("http", error)),
      );
    }
  } catch (error) {
    server.forceShutdown();
    page?.close();
    await tournaments.close();
    collections.close();
    await reads.close();
    await sink.close();
    throw error;
  }

  const addresses = [address, ...(options.http === undefined ? [] : [options.http.listen])];
  const open = addresses.filter((listened) => !isLoopback(listened));
  tell({
    event: "listening",
    address,
    page: http?.url,
    open: open.length > 0 ? open : undefined,
    data: options.dataDir,
    version: VERSION,
  });
  return {
    address,
    pageUrl: http?.url,
    operatorKey,
    open,
    tornBytes: sink.tornBytes,
    async close(deadlineMs, why = "closed") {
      const deadline = performance.now() + deadlineMs;
      tell({ event: "draining", sessions: sessions.size, deadline_ms: deadlineMs, why });
      health.setStatus("", "NOT_SERVING");
      // It listens until the last session has ended, to say why it takes no more.
      await sessions.drain(deadlineMs);
      const tournamentsClosed = tournaments.close();
      collections.close();
      labels?.close();
      await shutDown(server, Math.max(deadline - performance.now(), 0) + GOODBYE_MS);
      page?.close();
      await http?.close();
      await tournamentsClosed;
      await reads.close();
      await sink.close();
      tell({ event: "stopped" });
    },
  };
}

/** Listens on an address; gives it with the port that it got. @throws an Error with a code */
async function bind(server: Server, address: string): Promise<string> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
}

/** Resolves when the last call has ended, by force after `forceMs`. */
function shutDown(server: Server, forceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const forced = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, forceMs);
    server.tryShutdown(() => {
      clearTimeout(forced);
      resolve();
    });
  });
}

const metricsRoute = ({ contentType, text }: Metrics): Route => ({
  path: "/metrics",
  answer: async () => ({ type: contentType, body: await text() }),
});
