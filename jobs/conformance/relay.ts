/**
 * Stands between an agent and a server: passes every call on as bytes, shows what is said on Play streams, and can hold messages back,
 * change them, and break the agent's connections.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { CollectionServiceService } from "../../proto/gen/icrl/v1/collection.js";
import { EnvironmentServiceService } from "../../proto/gen/icrl/v1/environment.js";
import { ServerInfoServiceService } from "../../proto/gen/icrl/v1/server_info.js";
import { TournamentServiceService } from "../../proto/gen/icrl/v1/tournament.js";
import { TrajectoryServiceService } from "../../proto/gen/icrl/v1/trajectory.js";

/** What is done with one Play stream. Each function is called once the one before, in the same direction, has come to its end. */
export interface StreamHandler {
  /** The agent says this; resolves with what goes on to the server, undefined for nothing. */
  said(bytes: Buffer): Promise<Buffer | undefined> | Buffer | undefined;
  /** The server says this; `pass` passes a message to the agent. */
  served(bytes: Buffer, pass: (bytes: Buffer) => void): Promise<void> | void;
  /** The agent has ended its side, or broken the stream off. */
  left(how: "ended" | "broke off"): void;
  /** The server has ended the stream. */
  ended(status: StatusObject): void;
}

/** A relay that listens. */
export interface Relay {
  /** HOST:PORT for agents. */
  readonly address: string;
  /** Breaks all connections of agents. */
  cut(): void;
  close(): void;
}

const PLAY = EnvironmentServiceService.play.path;

/** All methods that a client may call: what the standard services have, too. */
const PATHS = [
  ...[EnvironmentServiceService, TournamentServiceService, CollectionServiceService],
  ...[TrajectoryServiceService, ServerInfoServiceService],
]
  .flatMap((service) => Object.values(service).map(({ path }) => path as string))
  .concat(
    ...["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"],
    ...["v1", "v1alpha"].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`),
  );

const identity = (bytes: Buffer): Buffer => bytes;

const UNBOUNDED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** Starts one before the server of this machine at `address`; `handler` is asked once for each Play stream. */
export async function startRelay(address: string, handler: () => StreamHandler): Promise<Relay> {
  const behind = Number(address.slice(address.lastIndexOf(":") + 1));
  // A call that is cancelled may reach a server as one that has ended: connections that break are broken on both sides.
  const back = await startFront(behind);
  const newClient = () =>
    new Client(`127.0.0.1:${back.port}`, credentials.createInsecure(), {
      ...UNBOUNDED,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
    });
  let client = newClient();
  const server = new Server(UNBOUNDED);
  /** Of the calls under way: what keeps each of them from being taken for one that an agent or the server ended. */
  const breaks = new Set<() => void>();
  // On the wire a call of one request and one answer is a stream of one message each way.
  const methods = PATHS.map((path) => ({
    ...{ path, requestStream: true, responseStream: true, requestSerialize: identity, requestDeserialize: identity },
    ...{ responseSerialize: identity, responseDeserialize: identity },
  }));
  server.addService(
    Object.fromEntries(methods.map((method) => [method.path, method])),
    Object.fromEntries(
      PATHS.map((path) => [
        path,
        (call: Call) => {
          // It was on its way when its connection was cut.
          if (front.severed.has(Number(call.getPeer().split(":").at(-1)))) return;
          relayCall(client, call, breaks, path === PLAY ? handler() : undefined);
        },
      ]),
    ),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const front = await startFront(port);
  return {
    address: `127.0.0.1:${front.port}`,
    cut() {
      for (const breakOff of breaks) breakOff();
      breaks.clear();
      back.cut();
      front.cut();
      // An agent may be back before this client knows that its connection is gone: what it asks for would be dropped with that.
      client.close();
      client = newClient();
    },
    close() {
      front.close();
      server.forceShutdown();
      client.close();
      back.close();
    },
  };
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Passes one call on. */
function relayCall(client: Client, call: Call, breaks: Set<() => void>, handler: StreamHandler | undefined): void {
  if (handler !== undefined) call.sendMetadata(new Metadata()); // as servers do: some agents wait for it before they say hello
  const upstream = client.makeBidiStreamRequest<Buffer, Buffer>(call.getPath(), identity, identity, call.metadata);
  let isOver = false;
  let hasLeft = false;
  const pass = (bytes: Buffer) => {
    if (!isOver && !call.cancelled) call.write(bytes);
  };
  const breakOff = () => {
    isOver = true;
  };
  breaks.add(breakOff);
  const toServer = inTurn();
  const toAgent = inTurn();
  const leave = (how: "ended" | "broke off") => {
    if (isOver || hasLeft) return;
    hasLeft = true;
    handler?.left(how);
  };
  call.on("data", (bytes: Buffer) =>
    toServer(async () => {
      const passed = handler === undefined ? bytes : await handler.said(bytes);
      if (passed !== undefined && !isOver) upstream.write(passed);
    }),
  );
  call.on("end", () =>
    toServer(() => {
      if (isOver || call.cancelled) return;
      leave("ended");
      upstream.end();
    }),
  );
  for (const event of ["cancelled", "error"]) {
    call.on(event, () => {
      leave("broke off");
      upstream.cancel();
    });
  }
  upstream.on("data", (bytes: Buffer) =>
    toAgent(() => (handler === undefined ? pass(bytes) : handler.served(bytes, pass))),
  );
  upstream.on("error", () => {}); // told by its status
  upstream.on("status", (came: StatusObject) => {
    breaks.delete(breakOff);
    toAgent(() => {
      if (isOver) return;
      isOver = true;
      handler?.ended(came);
      if (came.code === status.OK) call.end();
      else if (!call.cancelled) call.emit("error", came);
    });
  });
}

/** Does one thing after the other. */
function inTurn(): (work: () => Promise<void> | void) => void {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last.then(work);
  };
}

/** Listens on a port of its own and passes bytes on to another: its connections can be broken, which gRPC's servers do not offer. */
interface Front {
  readonly port: number;
  /** Ports from which the connections came, as who is behind it sees them, that were cut. */
  readonly severed: ReadonlySet<number>;
  cut(): void;
  close(): void;
}

async function startFront(behind: number): Promise<Front> {
  const sockets = new Set<Socket>();
  const severed = new Set<number>();
  /** The ports of those that are not. */
  const ports = new Map<Socket, number>();
  const front = createServer((agent) => {
    const server = connectSocket(behind, "127.0.0.1", () => {
      const { localPort } = server;
      if (localPort === undefined) return;
      severed.delete(localPort); // another connection had it before
      ports.set(server, localPort);
    });
    for (const [socket, other] of [
      [agent, server],
      [server, agent],
    ]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      socket.on("error", () => {}); // told by its close
      socket.on("close", () => {
        sockets.delete(socket);
        ports.delete(socket);
        other.destroy();
      });
    }
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const cut = () => {
    for (const port of ports.values()) severed.add(port);
    ports.clear();
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (front.address() as AddressInfo).port,
    severed,
    cut,
    close() {
      front.close();
      cut();
    },
  };
}
