/** Connections to one listener: how many there are, whose they are, and which gives way where there are too many. */
import type { Socket } from "node:net";

/** The connections of one listener. Connections are known by their other end, HOST:PORT. */
export interface Connections {
  readonly size: number;
  /**
   * Lets one in. Where there are too many, of its address or in all, one without a call is closed for it: first of those that have said
   * nothing yet, the one that has been quiet for longest. Where all have calls, it is closed itself.
   *
   * @param demandsToken whether whoever comes over it has to show a token; no by default
   * @returns its other end; undefined where it is not in
   */
  admit(socket: Socket, demandsToken?: boolean): string | undefined;
  /** Whether whoever is at that end has to show a token; yes of one that is not there. */
  demandsToken(peer: string): boolean;
  /** It has begun to speak. */
  spoke(peer: string): void;
  /** A call has begun on it. */
  began(peer: string): void;
  /** A call on it has ended. */
  ended(peer: string): void;
  /** Closes all. */
  destroy(): void;
}

interface Connection {
  readonly socket: Socket;
  readonly peer: string;
  readonly address: string;
  readonly demandsToken: boolean;
  spoken: boolean;
  /** Calls under way. */
  calls: number;
  /** What was counted when it last fell quiet: the smaller, the longer ago. */
  quietSince: number;
}

/**
 * No connection yet.
 *
 * @param max most of them at once
 * @param maxPerAddress most of them at once from one address
 */
export function createConnections(max: number, maxPerAddress: number): Connections {
  const connections = new Map<string, Connection>();
  const ofAddress = new Map<string, number>();
  let counted = 0;

  function remove({ peer, address }: Connection): void {
    if (!connections.delete(peer)) return;
    const left = (ofAddress.get(address) ?? 1) - 1;
    if (left > 0) ofAddress.set(address, left);
    else ofAddress.delete(address);
  }

  /** Closes the one that gives way; among those of one address, where there is one. @returns whether there was one */
  function makeRoom(address: string | undefined): boolean {
    let first: Connection | undefined;
    for (const one of connections.values()) {
      if (one.calls > 0 || (address !== undefined && one.address !== address)) continue;
      if (first === undefined || givesWayBefore(one, first)) first = one;
    }
    if (first === undefined) return false;
    remove(first);
    first.socket.destroy();
    return true;
  }

  return {
    get size() {
      return connections.size;
    },
    demandsToken: (peer) => connections.get(peer)?.demandsToken ?? true,
    admit(socket, demandsToken = false) {
      const { remoteAddress: address, remotePort } = socket;
      if (address === undefined) return refuse(socket); // gone already
      if ((ofAddress.get(address) ?? 0) >= maxPerAddress && !makeRoom(address)) return refuse(socket);
      if (connections.size >= max && !makeRoom(undefined)) return refuse(socket);
      const peer = `${address}:${remotePort}`;
      if (connections.has(peer)) return refuse(socket); // the same port of theirs to two of ours
      const state = { spoken: false, calls: 0, quietSince: counted++ };
      const connection: Connection = { socket, peer, address, demandsToken, ...state };
      connections.set(peer, connection);
      ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1);
      socket.once("close", () => {
        if (connections.get(peer) === connection) remove(connection);
      });
      return peer;
    },
    spoke(peer) {
      const connection = connections.get(peer);
      if (connection === undefined) return;
      connection.spoken = true;
      connection.quietSince = counted++;
    },
    began(peer) {
      const connection = connections.get(peer);
      if (connection !== undefined) connection.calls += 1;
    },
    ended(peer) {
      const connection = connections.get(peer);
      if (connection === undefined) return;
      connection.calls -= 1;
      connection.quietSince = counted++;
    },
    destroy() {
      for (const { socket } of [...connections.values()]) socket.destroy();
    },
  };
}

const givesWayBefore = (one: Connection, other: Connection): boolean =>
  one.spoken === other.spoken ? one.quietSince < other.quietSince : !one.spoken;

function refuse(socket: Socket): undefined {
  socket.destroy();
  return undefined;
}
