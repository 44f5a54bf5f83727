/**
 * Methods over encoded messages. Requests are decoded here and not by grpc-js, so that bytes that are no message get the reason
 * MALFORMED_MESSAGE, and every error leaves through one converter.
 */
import type { EventEmitter } from "node:events";
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { statusOf } from "./errors.js";
import { type RpcEvent, rpcEnded } from "./rpc-event.js";

/** What all methods of a server share. */
export interface MethodContext {
  /** Told what happens. */
  readonly tell: (event: RpcEvent) => void;
  /** Largest request that is taken, in bytes. */
  readonly maxMessageBytes: number;
}

/** What ts-proto generates for a message. */
interface MessageType<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

/** A handler for each method of a service that ts-proto generated: a method without one does not compile. */
export type Handlers<S> = { readonly [M in keyof S]: UntypedHandleCall };

const identity = (bytes: Buffer): Buffer => bytes;

/** The same service with messages left encoded. */
export function withRawMessages<S extends ServiceDefinition>(service: S): ServiceDefinition {
  const raw: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  for (const [name, method] of Object.entries(service)) {
    raw[name] = {
      ...method,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
  }
  return raw;
}

function decode<T>(type: MessageType<T>, bytes: Buffer, path: string, { maxMessageBytes }: MethodContext): T {
  if (bytes.length > maxMessageBytes) {
    throw new IcrlError("MESSAGE_TOO_LARGE", `a request of ${bytes.length} bytes: send at most ${maxMessageBytes}`);
  }
  try {
    return type.decode(bytes);
  } catch {
    throw new IcrlError("MALFORMED_MESSAGE", `${bytes.length} bytes that are not a request of ${path}`);
  }
}

function encode<T>(type: MessageType<T>, message: T): Buffer {
  const bytes = type.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A unary method. */
export function unary<Q, A>(
  request: MessageType<Q>,
  response: MessageType<A>,
  context: MethodContext,
  handle: (request: Q) => A | Promise<A>,
): handleUnaryCall<Buffer, Buffer> {
  return async (call, callback) => {
    try {
      const answer = encode(response, await handle(decode(request, call.request, call.getPath(), context)));
      context.tell(rpcEnded(call.getPath(), call.cancelled, undefined));
      callback(null, answer);
    } catch (error) {
      context.tell(rpcEnded(call.getPath(), call.cancelled, error));
      callback(statusOf(error, context.tell), null);
    }
  };
}

/** A method that streams answers. `aborted` is set off when the caller leaves. Backpressure is honoured. */
export function serverStreaming<Q, A>(
  request: MessageType<Q>,
  response: MessageType<A>,
  context: MethodContext,
  handle: (request: Q, aborted: AbortSignal) => AsyncIterable<A>,
): handleServerStreamingCall<Buffer, Buffer> {
  return async (call) => {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    call.on("error", () => abort.abort());
    let failure: unknown;
    try {
      for await (const message of handle(decode(request, call.request, call.getPath(), context), abort.signal)) {
        if (abort.signal.aborted) return;
        if (!call.write(encode(response, message))) await drained(call, abort.signal);
      }
      call.end();
    } catch (error) {
      if (abort.signal.aborted) return;
      failure = error;
      call.emit("error", statusOf(error, context.tell));
    } finally {
      context.tell(rpcEnded(call.getPath(), call.cancelled, failure));
    }
  };
}

/** Resolves when the stream takes more, or its reader has left. */
function drained(stream: EventEmitter, aborted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      aborted.removeEventListener("abort", done);
      resolve();
    };
    stream.on("drain", done);
    aborted.addEventListener("abort", done);
    if (aborted.aborted) done();
  });
}
