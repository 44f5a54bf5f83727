/**
 * The agents' port. Sockets are counted, bounded and timed here, and gRPC has them once they have begun to speak HTTP/2: one that says
 * nothing costs a file for a while, and nothing else.
 */
import { lookup } from "node:dns/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { type Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import type { ServerTls } from "../access/tls.js";
import type { Connections } from "./connections.js";

/** Who is let in at a port. */
export interface Door {
  /** Absent: in the clear. */
  readonly tls?: ServerTls;
  /** Whether whoever comes has to show a token; no by default. */
  readonly demandsToken?: boolean;
}

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

/** How long it may take to say that, from the first byte of TLS on where that is spoken. */
export const FIRST_BYTES_MS = 10_000;

/** How long the other end may take to close what this one has closed. */
const GOODBYE_MS = 1000;

/** Connections that wait to be let in. */
const BACKLOG = 511;

/**
 * Listens on an address, on all of a name's.
 *
 * @param address HOST:PORT, an IPv6 host in brackets; port 0 takes a free one
 * @param door who is let in there
 * @throws an Error with a code where none of its addresses can be listened on
 */
export async function listen(
  grpc: GrpcServer,
  address: string,
  connections: Connections,
  clock: Clock,
  { tls, demandsToken = false }: Door = {},
): Promise<Listener> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const hand = injector.injectConnection.bind(injector);
  const shake = tls && createHandshakes(tls);
  const servers: Server[] = [];
  let port = Number(address.slice(at + 1));
  let failure: unknown;
  for (const { address: one } of await lookup(host, { all: true })) {
    const server = createServer({ noDelay: true }, (socket) =>
      receive(socket, { connections, clock, demandsToken, hand, shake }),
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

/** Speaks TLS on a socket, and calls back when that has begun; a socket with which it does not is closed. */
type Handshakes = (socket: Socket, then: (secure: TLSSocket) => void) => void;

/** Node's server of TLS that listens nowhere: it has the rules of who may come, and takes sockets that were let in. */
function createHandshakes(tls: ServerTls): Handshakes {
  const waiting = new Map<string, (secure: TLSSocket) => void>();
  const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress}:${remotePort}`;
  // Its own deadline is a last resort: sockets have one from outside.
  const server: TlsServer = createTlsServer({ ...tls, ALPNProtocols: ["h2"], handshakeTimeout: 2 * FIRST_BYTES_MS });
  server.on("secureConnection", (secure: TLSSocket) => {
    secure.on("error", () => {});
    const then = waiting.get(peerOf(secure));
    if (then === undefined || secure.alpnProtocol !== "h2") secure.destroy();
    else then(secure);
  });
  server.on("tlsClientError", () => {}); // it has closed the socket
  return (socket, then) => {
    const peer = peerOf(socket);
    waiting.set(peer, then);
    socket.once("close", () => waiting.delete(peer));
    server.emit("connection", socket);
  };
}

/** What receives the sockets of a port. */
interface Receiving {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly demandsToken: boolean;
  readonly hand: (socket: Socket) => void;
  readonly shake: Handshakes | undefined;
}

/** Hands a socket on once it has said what HTTP/2 begins with; whoever says something else, or nothing for long, is not answered. */
function receive(socket: Socket, { connections, clock, demandsToken, hand, shake }: Receiving): void {
  socket.on("error", () => {}); // gone: it closes
  const peer = connections.admit(socket, demandsToken);
  if (peer === undefined) return;
  const gone = () => socket.destroy();
  const stopWaiting = clock.after(FIRST_BYTES_MS, gone);
  socket.once("close", stopWaiting);
  const listenTo = (plain: Socket) => {
    let said = Buffer.alloc(0);
    const hear = (bytes: Buffer) => {
      said = Buffer.concat([said, bytes]);
      const length = Math.min(said.length, PREFACE.length);
      if (said.compare(PREFACE, 0, length, 0, length) !== 0) return gone();
      if (length < PREFACE.length) return;
      stopWaiting();
      plain.off("data", hear).pause();
      plain.unshift(said);
      connections.spoke(peer);
      hand(plain);
      // What this end has closed the other one need not keep half open.
      plain.once("finish", () => {
        const stop = clock.after(GOODBYE_MS, gone);
        socket.once("close", stop);
      });
    };
    plain.on("data", hear);
  };
  if (shake === undefined) listenTo(socket);
  else shake(socket, listenTo);
}
