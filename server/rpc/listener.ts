/**
 * The agents' port. Sockets are counted, bounded and timed here, and gRPC has them once they have begun to speak HTTP/2: one that says
 * nothing costs a file for a while, and nothing else.
 */
import { lookup } from "node:dns/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import type { Connections } from "./connections.js";

/** A port that is listened on. */
export interface Listener {
  /** HOST:PORT as it was asked for, with the port that it got. */
  readonly address: string;
  /** Lets nobody in any more; connections that are there go on. */
  stop(): void;
  /** Closes them, too. */
  destroy(): void;
}

/** What every client of HTTP/2 says first. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** How long it may take to say that. */
export const FIRST_BYTES_MS = 10_000;

/** How long the other end may take to close what this one has closed. */
const GOODBYE_MS = 1000;

/** Connections that wait to be let in. */
const BACKLOG = 511;

/**
 * Listens on an address, on all of a name's.
 *
 * @param address HOST:PORT, an IPv6 host in brackets; port 0 takes a free one
 * @throws an Error with a code where none of its addresses can be listened on
 */
export async function listen(
  grpc: GrpcServer,
  address: string,
  connections: Connections,
  clock: Clock,
): Promise<Listener> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const servers: Server[] = [];
  let port = Number(address.slice(at + 1));
  let failure: unknown;
  for (const { address: one } of await lookup(host, { all: true })) {
    const server = createServer({ noDelay: true }, (socket) =>
      receive(socket, connections, clock, injector.injectConnection),
    );
    try {
      port = await bind(server, port, one);
      servers.push(server);
    } catch (error) {
      failure ??= error;
    }
  }
  if (servers.length === 0) throw failure;
  const stop = () => {
    for (const server of servers) server.close();
  };
  return {
    address: `${address.slice(0, at)}:${port}`,
    stop,
    destroy() {
      stop();
      connections.destroy();
    },
  };
}

/** @returns the port @throws an Error with a code */
function bind(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", () => {}); // one that could not be accepted, for want of files: the next one is
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Hands a socket on once it has said what HTTP/2 begins with; whoever says something else, or nothing for long, is not answered. */
function receive(socket: Socket, connections: Connections, clock: Clock, hand: (socket: Socket) => void): void {
  socket.on("error", () => {}); // gone: it closes
  const peer = connections.admit(socket);
  if (peer === undefined) return;
  let said = Buffer.alloc(0);
  const stopWaiting = clock.after(FIRST_BYTES_MS, () => socket.destroy());
  const gone = () => socket.destroy();
  const hear = (bytes: Buffer) => {
    said = Buffer.concat([said, bytes]);
    const length = Math.min(said.length, PREFACE.length);
    if (said.compare(PREFACE, 0, length, 0, length) !== 0) return gone();
    if (length < PREFACE.length) return;
    stopWaiting();
    socket.off("data", hear).pause();
    socket.unshift(said);
    connections.spoke(peer);
    hand(socket);
    // What this end has closed the other one need not keep half open.
    socket.once("finish", () => {
      const stop = clock.after(GOODBYE_MS, gone);
      socket.once("close", stop);
    });
  };
  socket.on("data", hear).once("close", stopWaiting);
}
