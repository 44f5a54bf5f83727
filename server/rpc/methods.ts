/**
 * Methods over encoded messages. Requests are decoded here and not by grpc-js, so that bytes that are no message get the reason
 * MALFORMED_MESSAGE, and every error leaves through one converter.
 */
import type { EventEmitter } from "node:events";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import { IcrlError } from "../../common/errors.js";
import type { Who } from "../access/access.js";
import type { Sees } from "../tournaments/redaction.js";
import { type Callers, methodOf } from "./callers.js";
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
  /** Who they are that call. */
  readonly callers: Callers;
  /** By which readers are waited for. */
  readonly clock: Clock;
  /** Which large answers keep to. */
  readonly pace: Pace;
}

/** Who calls. */
export interface Caller {
  readonly who: Who;
  /** Whether it showed an operator's token, or the operator's key. */
  readonly operator: boolean;
  readonly sees: Sees;
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

/** Who makes a call. @throws as Callers.admit does */
function callerOf(
  call: { readonly metadata: Metadata; getPath(): string; getPeer(): string },
  aborted: AbortSignal,
  { callers }: MethodContext,
): Caller {
  const peer = call.getPeer();
  const who = callers.admit(call.getPath(), call.metadata, peer);
  return { who, operator: who.role === "operator", sees: SEES[who.role], peer, aborted };
}

/** How much each role sees. */
const SEES: Readonly<Record<Who["role"], Sees>> = {
  operator: "all",
  reader: "finished",
  anybody: "finished",
  player: "own",
};

/** What changes something is in the audit log, whether it succeeds or not. */
const AUDITED = /\/(Create|Cancel|Delete|Forfeit)\w+$/;

/** Writes down what came of a call. */
function audit(
  path: string,
  caller: Caller,
  request: object | undefined,
  answer: object | undefined,
  error: unknown,
  { callers }: MethodContext,
): void {
  if (!AUDITED.test(path)) return;
  const { id, entrant } = (request ?? {}) as { id?: string; entrant?: string };
  const { tournament, collection } = (answer ?? {}) as { tournament?: { id: string }; collection?: { id: string } };
  const failed = error instanceof IcrlError ? error.reason : "INTERNAL";
  callers.audit.add({
    ...{ what: methodOf(path), who: caller.who, from: caller.peer },
    outcome: error === undefined ? "ok" : failed,
    id: id ?? tournament?.id ?? collection?.id,
    entrant,
  });
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
    let caller: Caller | undefined;
    let message: Q | undefined;
    let answer: A | undefined;
    let failure: unknown;
    try {
      caller = callerOf(call, abort.signal, context);
      message = decode(request, call.request, call.getPath(), context);
      answer = await handle(message, caller);
      callback(null, encodeOnce(response, answer));
    } catch (error) {
      // Whoever has left while his call waited hears of nothing, and it is no error.
      if (abort.signal.aborted && error === abort.signal.reason) {
        callback({ code: status.CANCELLED, details: "cancelled" }, null);
      } else {
        failure = error;
        callback(statusOf(error, context.tell), null);
      }
    }
    context.tell(rpcEnded(call.getPath(), call.cancelled, failure));
    if (caller !== undefined) audit(call.getPath(), caller, message ?? undefined, answer, failure, context);
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
    let over: TokenOver | undefined;
    let failure: unknown;
    try {
      const caller = callerOf(call, abort.signal, context);
      over = endWith(caller.who, abort, context);
      for await (const message of handle(decode(request, call.request, call.getPath(), context), caller)) {
        if (abort.signal.aborted) break;
        const bytes = encodeOnce(response, message);
        await context.pace.turnFor(bytes.length);
        if (abort.signal.aborted) break;
        await handedOn(call, bytes, abort.signal, context.clock);
      }
      if (over.why !== undefined) throw over.why;
      if (abort.signal.aborted) return;
      call.end();
    } catch (error) {
      if (abort.signal.aborted && over?.why === undefined) return;
      failure = error;
      call.emit("error", statusOf(error, context.tell));
      if (error instanceof NotTaken) setTimeout(() => closeUnread(call), LAST_WORD_MS).unref();
    } finally {
      over?.stop();
      context.tell(rpcEnded(call.getPath(), call.cancelled, failure));
    }
  };
}

/** Whether a stream is over because of its token. */
interface TokenOver {
  why: IcrlError | undefined;
  /** Looks no more. */
  stop(): void;
}

/** Ends a stream when the token with which it was begun is worth nothing any more. */
function endWith({ tokenId }: Who, abort: AbortController, { callers }: MethodContext): TokenOver {
  const over: TokenOver = { why: undefined, stop() {} };
  if (tokenId === undefined) return over;
  over.stop = callers.access.onCheck(() => {
    over.why ??= callers.access.endOf(tokenId);
    if (over.why !== undefined) abort.abort();
  });
  return over;
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
