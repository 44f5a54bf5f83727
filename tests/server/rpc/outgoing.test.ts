import type { ServerDuplexStream } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createOutgoing } from "#icrl/server/rpc/outgoing.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream whose other side reads when a test says so. */
function stuckStream(takesMore = true) {
  const writes: (() => void)[] = [];
  const close = vi.fn();
  let paused = false;
  const stream = {
    call: { nextCall: { stream: { close } } },
    write(_: Buffer, written: () => void) {
      writes.push(written);
      return takesMore;
    },
    pause: () => (paused = true),
    resume: () => (paused = false),
    isPaused: () => paused,
  };
  return {
    stream: stream as unknown as ServerDuplexStream<Buffer, Buffer>,
    read: () => writes.shift()?.(),
    close,
    get paused() {
      return paused;
    },
  };
}

test("an agent that does not read a large answer is asked for nothing more until it has", () => {
  const peer = stuckStream();
  const outgoing = createOutgoing(peer.stream);
  outgoing.send(Buffer.alloc(1000));
  expect(peer.paused).toBe(false);
  outgoing.send(Buffer.alloc(100_000));
  expect(peer.paused).toBe(true);
  peer.read();
  expect(peer.paused).toBe(true); // the large one is on its way still
  peer.read();
  expect(peer.paused).toBe(false);
});

test("nor is one that does not read many small ones", () => {
  const peer = stuckStream(false);
  const outgoing = createOutgoing(peer.stream);
  outgoing.send(Buffer.alloc(10));
  expect(peer.paused).toBe(true);
  peer.read();
  expect(peer.paused).toBe(false);
});

test("who waits for the last answer hears when it is read, or its reader gone", () => {
  const peer = stuckStream();
  const outgoing = createOutgoing(peer.stream);
  const heard = vi.fn();
  outgoing.whenFlushed(heard);
  expect(heard).toHaveBeenCalledTimes(1); // nothing is on its way
  outgoing.send(Buffer.alloc(10));
  outgoing.whenFlushed(heard);
  expect(heard).toHaveBeenCalledTimes(1);
  peer.read();
  expect(heard).toHaveBeenCalledTimes(2);
  outgoing.send(Buffer.alloc(10));
  outgoing.whenFlushed(heard);
  outgoing.gone();
  expect(heard).toHaveBeenCalledTimes(3);
});

test("who says so is read from no further, however much of what was sent is read, until he says otherwise", () => {
  const peer = stuckStream();
  const outgoing = createOutgoing(peer.stream);
  outgoing.send(Buffer.alloc(100_000));
  outgoing.read(false);
  peer.read();
  expect(peer.paused).toBe(true);
  outgoing.send(Buffer.alloc(100_000));
  outgoing.read(true);
  expect(peer.paused).toBe(true); // what was sent is not read yet
  peer.read();
  expect(peer.paused).toBe(false);
});
