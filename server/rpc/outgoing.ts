/** What a session has sent and its agent has not read yet. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerDuplexStream } from "@grpc/grpc-js";

/** Answers on their way to one agent. */
export interface Outgoing {
  /** Sends bytes. An agent that asks faster than it reads is not read from until it has caught up. */
  send(bytes: Buffer): void;
  /** Nothing more is sent: who does not read what is left is waited for a while, and then no more. */
  ended(): void;
  /** The stream is gone, and with it what was on its way. */
  gone(): void;
  /** Calls back once nothing is on its way any more. */
  whenFlushed(then: () => void): void;
}

/** One answer, of whatever size, may be on its way and so many bytes of others: then nothing more is asked for. */
const MAX_WAITING_BYTES = 64 << 10;

/** How long, in milliseconds, a stream that has ended waits for its agent to read what is left. */
const GOODBYE_MS = 5000;

/** Nothing is on its way on a stream. */
export function createOutgoing(stream: ServerDuplexStream<Buffer, Buffer>): Outgoing {
  let waitingBytes = 0;
  let isGone = false;
  let listeners: (() => void)[] = [];
  let goodbye: NodeJS.Timeout | undefined;

  function settle(): void {
    if (waitingBytes > 0 && !isGone) return;
    clearTimeout(goodbye);
    const told = listeners;
    listeners = [];
    for (const then of told) then();
  }

  function sent(length: number): void {
    waitingBytes -= length;
    if (waitingBytes <= MAX_WAITING_BYTES && stream.isPaused()) stream.resume();
    settle();
  }

  return {
    send(bytes) {
      waitingBytes += bytes.length;
      const takesMore = stream.write(bytes, () => sent(bytes.length));
      if (!takesMore || waitingBytes > MAX_WAITING_BYTES) stream.pause();
    },
    ended() {
      if (waitingBytes > 0 && !isGone) goodbye = setTimeout(() => abandon(stream), GOODBYE_MS).unref();
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

/** What grpc-js makes a stream of: it has no way of its own to give a call up whose other side does not read. */
interface Call {
  readonly stream?: ServerHttp2Stream;
  readonly nextCall?: Call;
}

/** Resets a stream, whatever is on its way. */
function abandon(stream: ServerDuplexStream<Buffer, Buffer>): void {
  let call = (stream as unknown as { readonly call?: Call }).call;
  while (call !== undefined && call.stream === undefined) call = call.nextCall;
  call?.stream?.close(constants.NGHTTP2_CANCEL);
}
