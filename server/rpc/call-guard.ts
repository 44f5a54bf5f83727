/** What every call must keep to before a handler sees it: no packed messages, none too large, a request in time, not too many at once. */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import type { Callers } from "./callers.js";
import type { Connections } from "./connections.js";
import { statusOf } from "./errors.js";
import { innerCall, onTooLarge } from "./inner-call.js";
import { AGENT_STREAMS } from "./permissions.js";
import { type RpcEvent, rpcEnded } from "./rpc-event.js";

/** What it needs of the server. */
export interface GuardContext {
  /** Told of calls that begin and end. */
  readonly connections: Connections;
  readonly callers: Callers;
  readonly clock: Clock;
  /** Told what happens. */
  readonly tell: (event: RpcEvent) => void;
}

/** How long a request may take to come, and the next one where there are many. Streams of agents have deadlines of their own. */
export const REQUEST_MS = 10_000;

/** Calls under way that are no streams of agents: whoever watches a tournament, or the server's health. */
const MAX_CALLS = 4096;

/** The interceptor of a server's calls. */
export function callGuard(context: GuardContext): ServerInterceptor {
  const { connections, callers, clock, tell } = context;
  let underWay = 0;

  /** A call whose request is waited for, and no longer than it may take. */
  function timed(
    call: ServerInterceptingCallInterface,
    path: string,
    manyRequests: boolean,
    end: (error: unknown) => void,
  ) {
    const peer = call.getPeer();
    let begun = false;
    let stop = () => {};
    function wait(): void {
      stop();
      stop = clock.after(REQUEST_MS, () =>
        end(
          new IcrlError("HELLO_TIMEOUT", `a call without a request for ${REQUEST_MS} ms: send it when you call`, {
            timeout_ms: REQUEST_MS,
          }),
        ),
      );
    }
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata: Metadata, pass) {
            begun = true;
            underWay += 1;
            connections.began(peer);
            if (underWay > MAX_CALLS) {
              return end(
                new IcrlError("SERVER_BUSY", `${MAX_CALLS} calls are under way: call again later`, {
                  retry_delay_ms: RETRY_DELAY_MS,
                }),
              );
            }
            try {
              callers.admit(path, metadata, peer);
            } catch (error) {
              return end(error);
            }
            wait();
            pass(metadata);
          },
          onReceiveMessage(message, pass) {
            if (manyRequests) wait();
            pass(message);
          },
          onReceiveHalfClose(pass) {
            stop();
            pass();
          },
          // Of every call that has begun, however it ends.
          onCancel() {
            stop();
            if (!begun) return;
            begun = false;
            underWay -= 1;
            connections.ended(peer);
          },
        }),
    });
  }

  return ({ path, requestStream }, call) => {
    const inner = innerCall(call);
    const end = (error: unknown) => {
      tell(rpcEnded(path, false, error));
      inner.sendStatus(statusOf(error, tell));
    };
    if (inner.incomingEncoding !== "identity") {
      // Nothing is read, and nothing unpacked.
      return new ServerInterceptingCall(call, {
        start: (next) => next({ onReceiveMetadata: () => end(packed(inner.incomingEncoding)) }),
      });
    }
    if (!AGENT_STREAMS.includes(path)) {
      onTooLarge(inner, end);
      return timed(call, path, requestStream, end);
    }
    // Nothing stands between an agent and its stream. (Declared to be more than grpc-js uses.)
    return call as ServerInterceptingCall;
  };
}

const packed = (encoding: string): IcrlError =>
  new IcrlError(
    "NOT_IMPLEMENTED",
    `grpc-encoding ${JSON.stringify(encoding.slice(0, 20))}: messages are not unpacked here, send them uncompressed`,
    { capability: "grpc-encoding" },
  );
