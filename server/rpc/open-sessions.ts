import { IcrlError } from "../../common/errors.js";
import type { Session } from "../sessions/session.js";

/** The sessions of a server that are open now. */
export interface OpenSessions extends Iterable<Session> {
  readonly size: number;
  /** Why one more cannot be opened, or undefined when it can. */
  refusal(): IcrlError | undefined;
  add(session: Session): void;
  delete(session: Session): void;
  /** Refuses new ones and lets those that play finish; resolves when none is left, which the deadline makes sure of. */
  drain(deadlineMs: number): Promise<void>;
}

/** No session yet, and never more than `maxSessions`. */
export function openSessions(maxSessions: number): OpenSessions {
  const sessions = new Set<Session>();
  let draining = false;
  let emptied = () => {};
  return {
    get size() {
      return sessions.size;
    },
    [Symbol.iterator]: () => sessions.values(),
    refusal() {
      if (draining) return new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
      if (sessions.size < maxSessions) return undefined;
      return new IcrlError("TOO_MANY_SESSIONS", `${sessions.size} sessions are open: at most ${maxSessions}`);
    },
    add: (session) => void sessions.add(session),
    delete(session) {
      if (sessions.delete(session) && sessions.size === 0) emptied();
    },
    async drain(deadlineMs) {
      draining = true;
      for (const session of [...sessions]) session.drain(deadlineMs);
      if (sessions.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
    },
  };
}
