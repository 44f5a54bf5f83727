import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { createConnections } from "#icrl/server/rpc/connections.js";

/** Sockets of addresses "a", "b", ..., as far as anybody looks at them. */
function sockets() {
  let port = 0;
  return (remoteAddress: string) => {
    port += 1;
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      remotePort: port,
      destroyed: false,
      destroy() {
        socket.destroyed = true;
        socket.emit("close");
      },
    });
    return socket as unknown as Socket;
  };
}

test("where there are too many, the one that says nothing gives way first, then the one that has been quiet for longest", () => {
  const socketOf = sockets();
  const connections = createConnections(3, 3);
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(socketOf);
  const [peerOfA, peerOfB] = [connections.admit(a), connections.admit(b)];
  connections.admit(c);
  connections.spoke(peerOfA as string);
  connections.spoke(peerOfB as string);
  expect(connections.admit(d)).toBe("d:4");
  expect([a, b, c, d].map(({ destroyed }) => destroyed)).toEqual([false, false, true, false]);
  connections.spoke("d:4");
  connections.began("a:1");
  connections.ended("a:1"); // b is the one that has been quiet for longest now
  expect(connections.admit(e)).toBe("e:5");
  expect([a, b, d, e].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  expect(connections.size).toBe(3);
});

test("who plays stays: where all have calls the new one is closed", () => {
  const socketOf = sockets();
  const connections = createConnections(2, 2);
  const playing = ["a", "a"].map(socketOf);
  for (const socket of playing) connections.began(connections.admit(socket) as string);
  const late = socketOf("b");
  expect(connections.admit(late)).toBeUndefined();
  expect(late.destroyed).toBe(true);
  expect(playing.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  playing[0].destroy();
  expect(connections.admit(socketOf("b"))).toBe("b:4");
});

test("an address has so many and no more: its own make room, and nobody else's", () => {
  const socketOf = sockets();
  const connections = createConnections(10, 2);
  const other = socketOf("b");
  connections.admit(other);
  const crowd = Array.from({ length: 50 }, () => socketOf("a"));
  for (const socket of crowd) connections.admit(socket);
  expect(crowd.filter(({ destroyed }) => !destroyed)).toEqual(crowd.slice(-2));
  expect([other.destroyed, connections.size]).toEqual([false, 3]);
  for (const socket of crowd.slice(-2)) connections.began(`a:${socket.remotePort}`);
  expect(connections.admit(socketOf("a"))).toBeUndefined();
  expect(connections.admit(socketOf("b"))).toBe("b:53");
});

test("what has gone takes no place, also when it goes twice", () => {
  const socketOf = sockets();
  const connections = createConnections(1, 1);
  for (let i = 0; i < 5; i += 1) {
    const socket = socketOf("a");
    connections.began(connections.admit(socket) as string);
    socket.emit("close");
    socket.emit("close");
  }
  expect(connections.size).toBe(0);
});
