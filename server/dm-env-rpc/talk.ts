/**
 * A session that is spoken to in this process, message by message, as an agent would over a stream: what sessions do and see to (the log,
 * quotas, seeds, deadlines, draining) is so what they do for everybody.
 */
import { PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import type { Link } from "../sessions/link.js";
import { createSession } from "../sessions/session.js";
import type { SessionContext } from "../sessions/session-context.js";

type ServerMessage = NonNullable<PlayResponse["message"]>;

/** What a message of a kind says. */
type Said<C extends ServerMessage["$case"]> = Extract<ServerMessage, { $case: C }>["value"];

/** How a session ended. */
export interface Ending {
  /** Undefined where it ended well. */
  readonly error: unknown;
}

/** Who speaks to a session. */
export interface Talk {
  say(message: NonNullable<PlayRequest["message"]>): void;
  /** The server's next message, draining apart, which must be of this kind. @throws what the session ended with */
  next<C extends ServerMessage["$case"]>(kind: C): Promise<Said<C>>;
  /** Undefined while it has not ended. */
  readonly ending: Ending | undefined;
  /** Until `back` no time passes for the agent. */
  away(): void;
  back(): void;
  /** The agent's stream is gone. */
  lost(): void;
}

/**
 * Begins one for the agent at the other end of a link.
 *
 * @param ended called when it has ended
 */
export function startTalk(link: Link, context: SessionContext, ended: () => void): Talk {
  const heard: ServerMessage[] = [];
  let wake = () => {};
  let ending: Ending | undefined;
  const session = createSession(
    {
      peer: link.peer,
      bearer: link.bearer,
      send(bytes) {
        const { message } = PlayResponse.decode(bytes);
        if (message === undefined) return;
        if (message.$case !== "draining") heard.push(message);
        wake();
      },
      whenFlushed: (then) => link.whenFlushed(then),
      end(error) {
        ending = { error };
        wake();
        ended();
      },
    },
    context,
  );
  return {
    say(message) {
      const bytes = PlayRequest.encode({ message }).finish();
      session.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    async next<C extends ServerMessage["$case"]>(kind: C): Promise<Said<C>> {
      while (heard.length === 0 && ending === undefined) await new Promise<void>((resolve) => (wake = resolve));
      const message = heard.shift();
      if (message === undefined) throw ending?.error ?? new Error(`a session ended before its ${kind}`);
      if (message.$case !== kind) throw new Error(`a session said ${message.$case}, and not ${kind}`);
      return message.value as Said<C>;
    },
    get ending() {
      return ending;
    },
    away: session.away,
    back: session.back,
    lost: session.lost,
  };
}
