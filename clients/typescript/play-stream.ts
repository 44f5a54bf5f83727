/** A play stream as an exchange: send one message, await the next. */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { ConnectionError, errorOf } from "./errors.js";

/** What the server says. */
export type ServerMessage = NonNullable<PlayResponse["message"]>;

/** What the agent says. */
export type AgentMessage = NonNullable<PlayRequest["message"]>;

/** A session's stream. */
export interface PlayStream {
  /** Sends one message. */
  send(message: AgentMessage): void;
  /**
   * The next message, in order. One caller at a time.
   * @throws IcrlError with the server's reason, or ConnectionError, once the stream has ended
   */
  next(): Promise<ServerMessage>;
  /** Says that nothing more will be sent; the server ends the stream. */
  finish(): void;
  /** Whether the server has ended it. */
  readonly ended: boolean;
  /** Breaks the stream off. */
  cancel(): void;
}

/** Wraps a call. Not read from while nobody waits, so that backpressure reaches the server. */
export function openPlayStream(call: ClientDuplexStream<PlayRequest, PlayResponse>, address: string): PlayStream {
  const queue: ServerMessage[] = [];
  let ended: Error | undefined;
  let waiting: { resolve: (message: ServerMessage) => void; reject: (error: Error) => void } | undefined;

  function end(error: Error): void {
    ended ??= error;
    waiting?.reject(ended);
    waiting = undefined;
  }

  call.on("data", ({ message }: PlayResponse) => {
    if (message === undefined) return; // a newer server's message: nothing this client asked for
    if (waiting === undefined) {
      queue.push(message);
      call.pause();
      return;
    }
    const { resolve } = waiting;
    waiting = undefined;
    resolve(message);
  });
  call.on("error", (error) => end(errorOf(error, address)));
  call.on("end", () => end(new ConnectionError(0, `the server at ${address} ended the session`)));

  return {
    send(message) {
      call.write({ message });
    },
    next() {
      const message = queue.shift();
      if (message !== undefined) return Promise.resolve(message);
      if (ended !== undefined) return Promise.reject(ended);
      if (call.isPaused()) call.resume();
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    get ended() {
      return ended !== undefined;
    },
    finish: () => call.end(),
    cancel: () => call.cancel(),
  };
}
