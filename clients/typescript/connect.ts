/** A connection to a server: typed unary calls, streams of answers, and play streams. */
import { type Call, Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { isLoopback } from "../../common/loopback.js";
import {
  CollectionServiceService,
  CreateCollectionRequest,
  CreateCollectionResponse,
  WatchCollectionRequest,
  WatchCollectionResponse,
} from "../../proto/gen/icrl/v1/collection.js";
import {
  EnvironmentServiceService,
  GetTaskRequest,
  GetTaskResponse,
  ListTasksRequest,
  ListTasksResponse,
  PlayRequest,
  PlayResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import {
  GetServerInfoRequest,
  GetServerInfoResponse,
  ServerInfoServiceService,
} from "../../proto/gen/icrl/v1/server_info.js";
import {
  CreateTournamentRequest,
  CreateTournamentResponse,
  ForfeitMatchesRequest,
  ForfeitMatchesResponse,
  GetTournamentRequest,
  GetTournamentResponse,
  ListTournamentsRequest,
  ListTournamentsResponse,
  StreamTrialsRequest,
  StreamTrialsResponse,
  TournamentServiceService,
  WatchTournamentRequest,
  WatchTournamentResponse,
} from "../../proto/gen/icrl/v1/tournament.js";
import {
  CountTrialsRequest,
  CountTrialsResponse,
  ListTrajectoriesRequest,
  ListTrajectoriesResponse,
  StreamTrajectoriesRequest,
  StreamTrajectoriesResponse,
  TrajectoryServiceService,
} from "../../proto/gen/icrl/v1/trajectory.js";
import { errorOf } from "./errors.js";
import { openPlayStream, type PlayStream } from "./play-stream.js";

/** What ts-proto generates for a message. */
interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

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
  listTournaments(): Promise<ListTournamentsResponse>;
  watchTournament(
    request: Pick<WatchTournamentRequest, "id"> & Partial<WatchTournamentRequest>,
  ): AsyncIterable<WatchTournamentResponse>;
  forfeitMatches(request: ForfeitMatchesRequest): Promise<ForfeitMatchesResponse>;
  streamTrials(request: StreamTrialsRequest): AsyncIterable<StreamTrialsResponse>;
  createCollection(request: CreateCollectionRequest): Promise<CreateCollectionResponse>;
  watchCollection(request: WatchCollectionRequest): AsyncIterable<WatchCollectionResponse>;
  /** A new session's stream; see openSession for what most callers want. */
  play(): PlayStream;
  /** Closes the connection; calls under way fail. */
  close(): void;
}

/** Largest answer that is accepted, in bytes: observations of the largest sessions and pages of trajectories fit. */
const MAX_RESPONSE_BYTES = 256 << 20;

/** How long a client waits for a server that does not answer: one that was started at the same time answers within seconds. */
const PATIENCE_MS = 20_000;

/** A wait that is longer than this is told. */
const QUIET_MS = 1000;

/**
 * Connects to a server; one that is being started is waited for. A proxy that the environment names (`http_proxy`, `grpc_proxy`, ...) is used
 * for servers elsewhere, and never for one on this machine's loopback.
 *
 * @param address HOST:PORT
 * @param timeoutMs how long a server that does not answer is waited for
 * @param onWaiting told, in a line for people, when a server has not answered within a second
 * @throws ConnectionError if nothing answers in time
 */
export async function connect(
  address: string,
  timeoutMs = PATIENCE_MS,
  onWaiting: (line: string) => void = () => {},
): Promise<Connection> {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": isLoopback(address) ? 0 : 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
  });
  const seconds = timeoutMs / 1000;
  const quiet = setTimeout(
    () => onWaiting(`no server answers at ${address} yet: waiting up to ${seconds} s for one`),
    QUIET_MS,
  );
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + timeoutMs, (error) => {
      clearTimeout(quiet);
      if (error === undefined) return resolve();
      client.close();
      reject(errorOf(Object.assign(error, { code: 14, details: `waited ${seconds} s for one` }), address));
    });
  });

  const underWay = new Set<Call>(); // grpc-js lets them run on when the client is closed
  function track<C extends Call>(call: C): C {
    underWay.add(call);
    call.once("status", () => underWay.delete(call));
    return call;
  }

  const serialize =
    <T>(type: MessageType<T>) =>
    (message: T) => {
      const bytes = type.encode(message).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    };

  function unary<Q, A>(path: string, request: MessageType<Q>, response: MessageType<A>, message: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: A) => {
        if (error === null) resolve(answer as A);
        else reject(errorOf(error, address));
      };
      track(
        client.makeUnaryRequest(path, serialize(request), (bytes: Buffer) => response.decode(bytes), message, done),
      );
    });
  }

  async function* streaming<Q, A>(
    path: string,
    request: MessageType<Q>,
    response: MessageType<A>,
    message: Q,
  ): AsyncGenerator<A> {
    const decode = (bytes: Buffer) => response.decode(bytes);
    const call = track(client.makeServerStreamRequest(path, serialize(request), decode, message));
    try {
      for await (const answer of call) yield answer as A;
    } catch (error) {
      throw errorOf(error, address);
    } finally {
      call.cancel();
    }
  }

  const environment = EnvironmentServiceService;
  const trajectory = TrajectoryServiceService;
  const tournament = TournamentServiceService;
  const collection = CollectionServiceService;
  return {
    address,
    getServerInfo: () =>
      unary(ServerInfoServiceService.getServerInfo.path, GetServerInfoRequest, GetServerInfoResponse, {}),
    listTasks: () => unary(environment.listTasks.path, ListTasksRequest, ListTasksResponse, {}),
    getTask: (request) => unary(environment.getTask.path, GetTaskRequest, GetTaskResponse, request),
    listTrajectories: (request) =>
      unary(trajectory.listTrajectories.path, ListTrajectoriesRequest, ListTrajectoriesResponse, request),
    countTrials: (request) => unary(trajectory.countTrials.path, CountTrialsRequest, CountTrialsResponse, request),
    streamTrajectories: (request) =>
      streaming(trajectory.streamTrajectories.path, StreamTrajectoriesRequest, StreamTrajectoriesResponse, request),
    createTournament: (request) =>
      unary(tournament.createTournament.path, CreateTournamentRequest, CreateTournamentResponse, {
        attendance: [],
        declarations: [],
        ...request,
      }),
    getTournament: (request) =>
      unary(tournament.getTournament.path, GetTournamentRequest, GetTournamentResponse, request),
    listTournaments: () => unary(tournament.listTournaments.path, ListTournamentsRequest, ListTournamentsResponse, {}),
    watchTournament: (request) =>
      streaming(tournament.watchTournament.path, WatchTournamentRequest, WatchTournamentResponse, {
        changesOnly: false,
        ...request,
      }),
    forfeitMatches: (request) =>
      unary(tournament.forfeitMatches.path, ForfeitMatchesRequest, ForfeitMatchesResponse, request),
    streamTrials: (request) =>
      streaming(tournament.streamTrials.path, StreamTrialsRequest, StreamTrialsResponse, request),
    createCollection: (request) =>
      unary(collection.createCollection.path, CreateCollectionRequest, CreateCollectionResponse, request),
    watchCollection: (request) =>
      streaming(collection.watchCollection.path, WatchCollectionRequest, WatchCollectionResponse, request),
    play: () =>
      openPlayStream(
        track(
          client.makeBidiStreamRequest(environment.play.path, serialize(PlayRequest), (bytes: Buffer) =>
            PlayResponse.decode(bytes),
          ),
        ),
        address,
      ),
    close() {
      for (const call of underWay) call.cancel();
      client.close();
    },
  };
}
