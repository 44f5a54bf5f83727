/** Streams in which agents and the server speak to each other for as long as they like: how they begin and end on the wire, and by whose token. */
import { constants } from "node:http2";
import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "../../common/clock.js";
import type { IcrlError } from "../../common/errors.js";
import type { Bearer, Incoming, Link } from "../sessions/link.js";
import { methodOf } from "./callers.js";
import type { Connections } from "./connections.js";
import { statusOf } from "./errors.js";
import { callBehind, onTooLarge } from "./inner-call.js";
import type { MethodContext } from "./methods.js";
import { createOutgoing } from "./outgoing.js";
import { rpcEnded } from "./rpc-event.js";

/** What they need beside what all methods do. */
export interface AgentStreamContext extends MethodContext {
  readonly clock: Clock;
  /** Told of streams that begin and end. */
  readonly connections: Pick<Connections, "began" | "ended">;
}

/** How long the end of what an agent sends may be followed by a sign that its stream was broken off, in milliseconds. */
const ENDING_MS = 50;

/** How long an agent may take to read how its session ended. */
const GOODBYE_MS = 10_000;

/**
 * Serves one, from its call's beginning to its end.
 *
 * @param start is given the stream, and what it is told of it
 */
export function serveAgentStream(
  stream: ServerDuplexStream<Buffer, Buffer>,
  start: (link: Link) => Incoming,
  context: AgentStreamContext,
): void {
  const { tell, connections, clock } = context;
  const peer = stream.getPeer();
  let bearer: Bearer;
  try {
    bearer = bearerOf(stream, peer, context);
  } catch (error) {
    tell(rpcEnded(stream.getPath(), stream.cancelled, error));
    stream.emit("error", statusOf(error, tell));
    return;
  }
  const call = callBehind(stream);
  let ended = false;
  const outgoing = createOutgoing(stream);
  let stopGoodbye = () => {};
  const over = (error?: unknown) => {
    if (!ended) tell(rpcEnded(stream.getPath(), stream.cancelled, error));
    ended = true;
  };
  const link: Link = {
    peer,
    bearer,
    take(maxBytes) {
      call.decoder.maxReadMessageLength = maxBytes;
    },
    read: outgoing.read,
    send: outgoing.send,
    whenFlushed: outgoing.whenFlushed,
    end(error) {
      over(error);
      if (stream.cancelled) return; // nobody hears it
      stopGoodbye = clock.after(GOODBYE_MS, () => call.stream.close(constants.NGHTTP2_CANCEL));
      if (error === undefined) stream.end();
      else stream.emit("error", statusOf(error, tell));
    },
  };
  // Before anything is said: a client may wait for them before it says hello.
  stream.sendMetadata(new Metadata());
  const session = start(link);
  connections.began(peer);
  stream.on("error", () => {
    if (!ended) session.lost();
  });
  // Comes when the call is over, however it has ended.
  stream.on("cancelled", () => {
    stopGoodbye();
    connections.ended(peer);
    session.lost();
    over();
    outgoing.gone();
  });
  onTooLarge(call, (error) => session.fail(error));
  stream.on("data", (bytes: Buffer) => {
    if (!ended) session.receive(bytes);
  });
  // A stream that is broken off ends first: clients of Node say so in two frames, which may come apart.
  stream.on("end", () => setTimeout(() => (call.stream.aborted ? session.lost() : session.endOfInput()), ENDING_MS));
}

/** By whose token a session came. @throws as Callers.admit does */
function bearerOf(
  stream: ServerDuplexStream<Buffer, Buffer>,
  peer: string,
  { callers: { admit, access, audit } }: AgentStreamContext,
): Bearer {
  const path = stream.getPath();
  const who = admit(path, stream.metadata, peer);
  const { tokenId } = who;
  return {
    tokenId,
    share: access.shareOf(who),
    requireName(entrant) {
      try {
        const ended = tokenId === undefined ? undefined : access.endOf(tokenId);
        if (ended !== undefined) throw ended; // since the stream began
        access.requireName(who, entrant);
      } catch (error) {
        audit.add({ what: methodOf(path), who, from: peer, outcome: (error as IcrlError).reason, entrant });
        throw error;
      }
    },
  };
}
