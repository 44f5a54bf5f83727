/**
 * What grpc-js knows of a call and tells nobody: how its messages are packed, how large one may be before it is read, how its stream is
 * broken off. These are names of grpc-js's own, whose version package.json pins; tests/server/rpc/call-guard.test.ts fails where one of
 * them has gone.
 */
import { constants, type ServerHttp2Stream } from "node:http2";
import { type StatusObject, status } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";

/** A call inside grpc-js: the last link of the chain of interceptors. */
export interface InnerCall {
  /** Of its metadata: "identity" where messages are not packed. */
  readonly incomingEncoding: string;
  readonly decoder: {
    /** Bytes of the largest message; a larger one is refused when its length has come, before its bytes. */
    maxReadMessageLength: number;
  };
  readonly stream: {
    /** Whether it was broken off, or its connection was lost, before the server had ended it. */
    readonly aborted: boolean;
    /** Breaks the stream off, with a code of HTTP/2. */
    close(code: number): void;
  };
  /** Ends the call. grpc-js itself ends it so when a message is too large. */
  sendStatus(status: Partial<StatusObject>): void;
}

/** The call behind what an interceptor is given. */
export const innerCall = (call: object): InnerCall => call as InnerCall;

/** The call behind what a handler is given, where no interceptor stands between. */
export const callBehind = (stream: object): InnerCall => (stream as { readonly call: InnerCall }).call;

/** How grpc-js says that a message is too large. */
const TOO_LARGE = /^Received message larger than max \((\d+) vs (\d+)\)/;

/** From now on a message that is too large does not end the call, but is told as MESSAGE_TOO_LARGE. */
export function onTooLarge(call: InnerCall, tell: (error: IcrlError) => void): void {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (ending) => {
    const said = ending.code === status.RESOURCE_EXHAUSTED && !ending.metadata && TOO_LARGE.exec(ending.details ?? "");
    if (!said) return send(ending);
    tell(
      new IcrlError("MESSAGE_TOO_LARGE", `a message of ${said[1]} bytes: send at most ${said[2]}`, {
        bytes: said[1],
        limit: said[2],
      }),
    );
  };
}

/** Ends a call whose reader does not even take its status, which waits behind what it does not read. grpc-js has no way to. */
export function closeUnread(call: object): void {
  let at: unknown = call;
  while (at instanceof Object) {
    const { stream, call: inner, nextCall } = at as { stream?: ServerHttp2Stream; call?: object; nextCall?: object };
    if (stream !== undefined) {
      if (!stream.closed) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    at = inner ?? nextCall;
  }
}
