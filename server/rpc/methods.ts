/**
 * Methods over encoded messages. Requests are decoded here and not by grpc-js, so that bytes that are no message get the reason
 * MALFORMED_MESSAGE, and every error leaves through one converter.
 */
import type { EventEmitter } from "node:events";
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  MethodDefinition,
  ServiceDefinition,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import { isKeyOf } from "../keys.js";
import { statusOf } from "./errors.js";
import { closeUnread } from "./inner-call.js";
import type { Pace } from "./pace.js";
import { type RpcEvent, rpcEnded } from "./rpc-event.js";

/** What all methods of a server share. */
export interface MethodContext {
  /** Told what happens. */
  readonly tell: (event: RpcEvent) => void;
  /** Largest request that is taken, in bytes. */
  readonly maxMessageBytes: number;
  /** Hash of the operator's key. */
  readonly operatorKeyHash: string;
  /** By which readers are waited for. */
  readonly clock: Clock;
  /** Which large answers keep to. */
  readonly pace: Pace;
}

/** Who calls. */
export interface Caller {
  /** Whether it showed the operator's key. */
  readonly operator: boolean;
  /** Its address and port. */
  readonly peer: string;
  /** Set off when it leaves. */
  readonly aborted: AbortSignal;
}

/** What ts-proto generates for a message. */
interface MessageType<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

/** How long a stream's reader may take nothing, in milliseconds: then what is kept for it is given to others. */
const TAKES_NOTHING_MS = 30_000;
/** How long the status of such a stream has to get through, in milliseconds: it waits behind what is not read. */
const LAST_WORD_MS = 1000;

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
    throw new IcrlError("MESSAGE_TOO_LARGE", `a request of ${bytes.length} bytes: send at most ${maxMessageBytes}`, {
      bytes: bytes.length,
      limit: maxMessageBytes,
    });
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

/** Whether a call's metadata show the operator's key: `authorization: Bearer KEY`. */
function isOperator(metadata: Metadata, { operatorKeyHash }: MethodContext): boolean {
  const [given] = metadata.get("authorization");
  const key = /^Bearer (\S+)$/i.exec(String(given ?? ""))?.[1];
  return key !== undefined && isKeyOf(operatorKeyHash, key);
}

/** Answers as bytes: what is given to many is encoded once. */
const encodedAnswers = new WeakMap<object, Buffer>();

function encodeOnce<T extends object>(type: MessageType<T>, message: T): Buffer {
  const known = encodedAnswers.get(message);
  if (known !== undefined) return known;
  const bytes = encode(type, message);
  encodedAnswers.set(message, bytes);
  return bytes;
}

/** A unary method. */
export function unary<Q, A extends object>(
  request: MessageType<Q>,
  response: MessageType<A>,
  context: MethodContext,
  handle: (request: Q, caller: Caller) => A | Promise<A>,
): handleUnaryCall<Buffer, Buffer> {
  return async (call, callback) => {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    const caller = { operator: isOperator(call.metadata, context), peer: call.getPeer(), aborted: abort.signal };
    try {
      const message = decode(request, call.request, call.getPath(), context);
      const answer = encodeOnce(response, await handle(message, caller));
      await context.pace.turnFor(answer.length);
      context.tell(rpcEnded(call.getPath(), call.cancelled, undefined));
      callback(null, answer);
    } catch (error) {
      context.tell(rpcEnded(call.getPath(), call.cancelled, error));
      callback(statusOf(error, context.tell), null);
    }
  };
}

/** A method that streams answers. Backpressure is honoured; a reader that takes nothing for long is SERVER_BUSY. */
export function serverStreaming<Q, A extends object>(
  request: MessageType<Q>,
  response: MessageType<A>,
  context: MethodContext,
  handle: (request: Q, caller: Caller) => AsyncIterable<A>,
): handleServerStreamingCall<Buffer, Buffer> {
  return async (call) => {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    call.on("error", () => abort.abort());
    const caller = { operator: isOperator(call.metadata, context), peer: call.getPeer(), aborted: abort.signal };
    let failure: unknown;
    try {
      for await (const message of handle(decode(request, call.request, call.getPath(), context), caller)) {
        if (abort.signal.aborted) return;
        const bytes = encodeOnce(response, message);
        await context.pace.turnFor(bytes.length);
        if (abort.signal.aborted) return;
        await handedOn(call, bytes, abort.signal, context.clock);
      }
      call.end();
    } catch (error) {
      if (abort.signal.aborted) return;
      failure = error;
      call.emit("error", statusOf(error, context.tell));
      if (error instanceof NotTaken) setTimeout(() => closeUnread(call), LAST_WORD_MS).unref();
    } finally {
      context.tell(rpcEnded(call.getPath(), call.cancelled, failure));
    }
  };
}

/** The reader of a stream took nothing for long. */
class NotTaken extends IcrlError {}

/**
 * Sends an answer of a stream. Resolves when it is on its way to the reader, or the reader has left: until then no other is made, of which
 * grpc-js would keep sixteen.
 * @throws SERVER_BUSY where the reader takes nothing for TAKES_NOTHING_MS
 */
function handedOn(call: EventEmitter & WritableCall, bytes: Buffer, aborted: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      stop();
      aborted.removeEventListener("abort", done);
      resolve();
    };
    const stop = clock.after(TAKES_NOTHING_MS, () => {
      aborted.removeEventListener("abort", done);
      const seconds = TAKES_NOTHING_MS / 1000;
      reject(new NotTaken("SERVER_BUSY", `nothing of this stream was read for ${seconds} s: read on, or ask for less`));
    });
    aborted.addEventListener("abort", done);
    call.write(bytes, done);
  });
}

interface WritableCall {
  write(bytes: Buffer, done: () => void): boolean;
}
