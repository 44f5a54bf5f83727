/** What a session has sent and its agent has not read yet; and whether more is read of the agent. */
import type { ServerDuplexStream } from "@grpc/grpc-js";

/** Answers on their way to one agent. */
export interface Outgoing {
  /** Sends bytes. An agent that asks faster than it reads is not read from until it has caught up. */
  send(bytes: Buffer): void;
  /** Whether the agent is read from, once it has caught up. It is, until somebody says that it is not. */
  read(more: boolean): void;
  /** The stream is gone, and with it what was on its way. */
  gone(): void;
  /** Calls back once nothing is on its way any more. */
  whenFlushed(then: () => void): void;
}

/** One answer, of whatever size, may be on its way and so many bytes of others: then nothing more is asked for. */
const MAX_WAITING_BYTES = 64 << 10;

/** Nothing is on its way on a stream. */
export function createOutgoing(stream: ServerDuplexStream<Buffer, Buffer>): Outgoing {
  let waitingBytes = 0;
  let isGone = false;
  let reads = true;
  let listeners: (() => void)[] = [];

  function settle(): void {
    if (waitingBytes > 0 && !isGone) return;
    const told = listeners;
    listeners = [];
    for (const then of told) then();
  }

  function sent(length: number): void {
    waitingBytes -= length;
    readOn();
    settle();
  }

  function readOn(): void {
    if (reads && waitingBytes <= MAX_WAITING_BYTES && stream.isPaused()) stream.resume();
  }

  return {
    send(bytes) {
      waitingBytes += bytes.length;
      const takesMore = stream.write(bytes, () => sent(bytes.length));
      if (!takesMore || waitingBytes > MAX_WAITING_BYTES) stream.pause();
    },
    read(more) {
      reads = more;
      if (more) readOn();
      else stream.pause();
    },
    gone() {
      isGone = true;
      settle();
    },
    whenFlushed(then) {
      listeners.push(then);
      settle();
    },
  };
}
