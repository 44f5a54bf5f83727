/** A connection to a server: typed unary calls, streams of answers, and play streams. */
import {
  type Call,
  type ClientReadableStream,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { isLoopback } from "../../common/loopback.js";
import {
  type CancelCollectionRequest,
  type CancelCollectionResponse,
  CollectionServiceClient,
  CollectionServiceService,
  type CreateCollectionRequest,
  type CreateCollectionResponse,
  type ListCollectionsRequest,
  type ListCollectionsResponse,
  type WatchCollectionRequest,
  type WatchCollectionResponse,
} from "../../proto/gen/icrl/v1/collection.js";
import {
  EnvironmentServiceClient,
  EnvironmentServiceService,
  type GetTaskRequest,
  type GetTaskResponse,
  type ListTasksResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import {
  type GetServerInfoResponse,
  ServerInfoServiceClient,
  ServerInfoServiceService,
} from "../../proto/gen/icrl/v1/server_info.js";
import {
  type CancelTournamentRequest,
  type CancelTournamentResponse,
  type CreateTournamentRequest,
  type CreateTournamentResponse,
  type DeleteTournamentRequest,
  type DeleteTournamentResponse,
  type ForfeitMatchesRequest,
  type ForfeitMatchesResponse,
  type GetTournamentRequest,
  type GetTournamentResponse,
  type ListTournamentsRequest,
  type ListTournamentsResponse,
  type StreamTrialsRequest,
  type StreamTrialsResponse,
  TournamentServiceClient,
  TournamentServiceService,
  type WatchTournamentRequest,
  type WatchTournamentResponse,
} from "../../proto/gen/icrl/v1/tournament.js";
import {
  type CountTrialsRequest,
  type CountTrialsResponse,
  type ListTrajectoriesRequest,
  type ListTrajectoriesResponse,
  type StreamTrajectoriesRequest,
  type StreamTrajectoriesResponse,
  TrajectoryServiceClient,
  TrajectoryServiceService,
} from "../../proto/gen/icrl/v1/trajectory.js";
import { type Credentials, channelCredentials } from "./credentials.js";
import { errorOf } from "./errors.js";
import { playChannels } from "./play-channels.js";
import { openPlayStream, type PlayStream } from "./play-stream.js";
import { createReconnectNotice, type Reconnection } from "./reconnect-notice.js";

/** A message of which these fields may be left out: they are empty then. */
type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/** A server, seen from a client. All methods reject with IcrlError (a reason) or ConnectionError. */
export interface Connection {
  readonly address: string;
  getServerInfo(): Promise<GetServerInfoResponse>;
  listTasks(): Promise<ListTasksResponse>;
  getTask(request: GetTaskRequest): Promise<GetTaskResponse>;
  listTrajectories(request: ListTrajectoriesRequest): Promise<ListTrajectoriesResponse>;
  countTrials(request: CountTrialsRequest): Promise<CountTrialsResponse>;
  streamTrajectories(request: StreamTrajectoriesRequest): AsyncIterable<StreamTrajectoriesResponse>;
  createTournament(
    request: Pick<CreateTournamentRequest, "spec"> & Partial<CreateTournamentRequest>,
  ): Promise<CreateTournamentResponse>;
  getTournament(request: GetTournamentRequest): Promise<GetTournamentResponse>;
  listTournaments(request?: Partial<ListTournamentsRequest>): Promise<ListTournamentsResponse>;
  watchTournament(
    request: Pick<WatchTournamentRequest, "id"> & Partial<WatchTournamentRequest>,
  ): AsyncIterable<WatchTournamentResponse>;
  forfeitMatches(request: Optional<ForfeitMatchesRequest, "key">): Promise<ForfeitMatchesResponse>;
  cancelTournament(request: Optional<CancelTournamentRequest, "ownerKey">): Promise<CancelTournamentResponse>;
  deleteTournament(request: Optional<DeleteTournamentRequest, "ownerKey">): Promise<DeleteTournamentResponse>;
  streamTrials(request: StreamTrialsRequest): AsyncIterable<StreamTrialsResponse>;
  createCollection(request: Optional<CreateCollectionRequest, "ownerKey">): Promise<CreateCollectionResponse>;
  listCollections(request?: Partial<ListCollectionsRequest>): Promise<ListCollectionsResponse>;
  cancelCollection(request: Optional<CancelCollectionRequest, "ownerKey">): Promise<CancelCollectionResponse>;
  watchCollection(request: WatchCollectionRequest): AsyncIterable<WatchCollectionResponse>;
  /** A new session's stream; see openSession for what most callers want. */
  play(): PlayStream;
  /** Closes the connection; calls under way fail. */
  close(): void;
}

/** Largest answer that is accepted, in bytes: observations of the largest sessions and pages of trajectories fit. */
const MAX_RESPONSE_BYTES = 256 << 20;

/** How a connection is kept. */
export interface ConnectOptions {
  /**
   * Whether a session whose connection breaks is taken up again on a new one, where the server can (`welcome.resumeToken`); true by default.
   * It is tried with exponential back-off for as long as the server keeps the session (`limits.resumeMs`).
   */
  readonly reconnect?: boolean;
  /** Told when sessions have lost their connection, and when they have it again; `reconnectionText` is a line of it for people. */
  readonly onReconnect?: (reconnection: Reconnection) => void;
  /**
   * How often the server is asked for a sign of life (an HTTP/2 ping), and how long it may take to give one, in milliseconds; 10,000 by
   * default. The double is to be less than the act timeout, so that a dead relay is noticed before an answer is late by it.
   */
  readonly keepaliveMs?: number;
}

/**
 * How often a server is asked for a sign of life, and how long it may take to give one. Both together are less than agents have for their
 * actions, so that a relay that has gone dead is noticed before a match is lost by it.
 */
const KEEPALIVE_MS = 10_000;

/** How long a client waits for a server that does not answer: one that was started at the same time answers within seconds. */
const PATIENCE_MS = 20_000;

/** How long an attempt to take up a session may get no answer before another connection is tried, in milliseconds, at first. */
const ATTEMPT_MS = 5000;

/** Calls that change nothing: where their connection breaks they are made again, a few times within a second or two, on the next one. */
const REPEATED = {
  methodConfig: [
    {
      name: [
        ServerInfoServiceService.getServerInfo,
        EnvironmentServiceService.listTasks,
        EnvironmentServiceService.getTask,
        TrajectoryServiceService.listTrajectories,
        TrajectoryServiceService.countTrials,
        TournamentServiceService.getTournament,
        TournamentServiceService.listTournaments,
        CollectionServiceService.listCollections,
      ].map(({ path }) => ({ service: path.split("/")[1], method: path.split("/")[2] })),
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.2s",
        maxBackoff: "1s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
};

/** How long a call may take to say why there is no connection, in milliseconds: it is made a few times. */
const WHY_MS = 5000;

/** A wait that is longer than this is told. */
const QUIET_MS = 1000;

/**
 * Connects to a server; one that is being started is waited for. A proxy that the environment names (`http_proxy`, `grpc_proxy`, ...) is used
 * for servers elsewhere, and never for one on this machine's loopback.
 *
 * @param address HOST:PORT
 * @param timeoutMs how long a server that does not answer is waited for
 * @param onWaiting told, in a line for people, when a server has not answered within a second
 * @param shown what the server is shown, and by what it is known; nothing of it is needed on loopback
 * @param keeping how it is kept
 * @throws ConnectionError if nothing answers in time
 * @throws TLS_REQUIRED if a token would go over a network in the clear; OPTION_INVALID for certificates that make no sense
 */
export async function connect(
  address: string,
  timeoutMs = PATIENCE_MS,
  onWaiting: (line: string) => void = () => {},
  shown: Credentials = {},
  { reconnect = true, keepaliveMs = KEEPALIVE_MS, onReconnect }: ConnectOptions = {},
): Promise<Connection> {
  const secured = channelCredentials(address, shown);
  const bearing = shown.token === undefined ? {} : { interceptors: [bearer(shown.token)] };
  const options = {
    ...bearing,
    "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": isLoopback(address) ? 0 : 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.service_config": JSON.stringify(REPEATED),
    // Its own connections: those of one process would be one otherwise, with all their calls on it.
    "grpc.use_local_subchannel_pool": 1,
  };
  const another = () => new EnvironmentServiceClient(address, secured, options);
  const attemptMs = Math.min(ATTEMPT_MS, 2 * keepaliveMs);
  const environment = await readyClient(another, {
    ...{ address, timeoutMs, attemptMs, onWaiting },
    tls: shown.ca !== undefined,
  });
  const shared = { channelOverride: environment.getChannel(), ...bearing };
  const serverInfo = new ServerInfoServiceClient(address, secured, shared);
  const trajectory = new TrajectoryServiceClient(address, secured, shared);
  const tournament = new TournamentServiceClient(address, secured, shared);
  const collection = new CollectionServiceClient(address, secured, shared);

  const underWay = new Set<Call>(); // grpc-js lets them run on when the client is closed
  function track<C extends Call>(call: C): C {
    underWay.add(call);
    call.once("status", () => underWay.delete(call));
    return call;
  }

  const channels = playChannels(environment, another);
  const notice = createReconnectNotice(address, onReconnect);
  const playing = new Set<PlayStream>();
  function play(): PlayStream {
    const stream = openPlayStream({
      ...{ address, attemptMs, reconnects: reconnect, ...notice },
      start: (silent) => channels.start(silent),
      ended: () => playing.delete(stream),
    });
    playing.add(stream);
    return stream;
  }

  /** The answer of a call with one. */
  function unary<A>(start: (done: (error: ServiceError | null, answer: A) => void) => Call): Promise<A> {
    return new Promise((resolve, reject) => {
      track(start((error, answer) => (error === null ? resolve(answer) : reject(errorOf(error, address)))));
    });
  }

  /** The answers of a call with many, which starts when the first is asked for. */
  async function* streaming<A>(start: () => ClientReadableStream<A>): AsyncGenerator<A> {
    const call = track(start());
    try {
      for await (const answer of call) yield answer as A;
    } catch (error) {
      throw errorOf(error, address);
    } finally {
      call.cancel();
    }
  }

  return {
    address,
    getServerInfo: () => unary((done) => serverInfo.getServerInfo({}, done)),
    listTasks: () => unary((done) => environment.listTasks({}, done)),
    getTask: (request) => unary((done) => environment.getTask(request, done)),
    listTrajectories: (request) => unary((done) => trajectory.listTrajectories(request, done)),
    countTrials: (request) => unary((done) => trajectory.countTrials(request, done)),
    streamTrajectories: (request) => streaming(() => trajectory.streamTrajectories(request)),
    createTournament: (request) =>
      unary((done) =>
        tournament.createTournament(
          { attendance: [], declarations: [], seedKey: undefined, ownerKey: "", entrantKeys: [], ...request },
          done,
        ),
      ),
    getTournament: (request) => unary((done) => tournament.getTournament(request, done)),
    listTournaments: (request = {}) =>
      unary((done) => tournament.listTournaments({ pageSize: 0, pageToken: "", ...request }, done)),
    watchTournament: (request) => streaming(() => tournament.watchTournament({ changesOnly: false, ...request })),
    forfeitMatches: (request) => unary((done) => tournament.forfeitMatches({ key: "", ...request }, done)),
    cancelTournament: (request) => unary((done) => tournament.cancelTournament({ ownerKey: "", ...request }, done)),
    deleteTournament: (request) => unary((done) => tournament.deleteTournament({ ownerKey: "", ...request }, done)),
    streamTrials: (request) => streaming(() => tournament.streamTrials(request)),
    createCollection: (request) => unary((done) => collection.createCollection({ ownerKey: "", ...request }, done)),
    listCollections: (request = {}) =>
      unary((done) => collection.listCollections({ pageSize: 0, pageToken: "", ...request }, done)),
    cancelCollection: (request) => unary((done) => collection.cancelCollection({ ownerKey: "", ...request }, done)),
    watchCollection: (request) => streaming(() => collection.watchCollection(request)),
    play,
    close() {
      for (const stream of playing) stream.cancel();
      for (const call of underWay) call.cancel();
      channels.close();
    },
  };
}

/** How a server is waited for. */
interface Waiting {
  readonly address: string;
  readonly timeoutMs: number;
  /** How long one connection may take: a relay that is dead takes for ever. */
  readonly attemptMs: number;
  readonly onWaiting: (line: string) => void;
  readonly tls: boolean;
}

/** A client that is connected. @throws ConnectionError where none is in time */
async function readyClient(open: () => EnvironmentServiceClient, waiting: Waiting): Promise<EnvironmentServiceClient> {
  const { address, timeoutMs, attemptMs, onWaiting, tls } = waiting;
  const seconds = timeoutMs / 1000;
  const untilMs = performance.now() + timeoutMs;
  const quiet = setTimeout(
    () => onWaiting(`no server answers at ${address} yet: waiting up to ${seconds} s for one`),
    QUIET_MS,
  );
  try {
    for (;;) {
      const client = open();
      const leftMs = untilMs - performance.now();
      if (await isReady(client, Math.min(attemptMs, leftMs))) return client;
      // Why there is no connection, as a certificate that is not believed, is told to calls alone.
      const why = tls && attemptMs >= leftMs ? await failureOf(client) : undefined;
      client.close();
      if (attemptMs < leftMs) continue;
      const details = `waited ${seconds} s for one${why === undefined ? "" : `; ${why}`}`;
      throw errorOf(Object.assign(new Error(), { code: 14, details }), address);
    }
  } finally {
    clearTimeout(quiet);
  }
}

const isReady = (client: EnvironmentServiceClient, withinMs: number): Promise<boolean> =>
  new Promise((resolve) => client.waitForReady(Date.now() + withinMs, (error) => resolve(error === undefined)));

/** Why a call fails, if one does. */
const failureOf = (client: EnvironmentServiceClient): Promise<string | undefined> =>
  new Promise((resolve) => {
    client.listTasks({}, new Metadata(), { deadline: Date.now() + WHY_MS }, (why) => resolve(why?.details));
  });

/** Shows a token with every call. */
export function bearer(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set("authorization", `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}
