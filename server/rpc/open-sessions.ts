import { IcrlError } from "../../common/errors.js";
import type { Session } from "../sessions/session.js";

/** The sessions of a server that are open now: those that have said hello. */
export interface OpenSessions extends Iterable<Session> {
  readonly size: number;
  /**
   * Takes one that has yet to say hello, beside those that play. Of more than there may be sessions the one that has been silent for
   * longest ends with SERVER_BUSY.
   */
  expect(session: Session): void;
  /**
   * It says hello. Where all places are taken, the one that has had nothing open for longest, and no match to wait for, makes room.
   *
   * @returns why it cannot be opened; undefined when it is
   */
  admit(session: Session): IcrlError | undefined;
  delete(session: Session): void;
  /** Refuses new ones and lets those that play finish; resolves when none is left, which the deadline makes sure of. */
  drain(deadlineMs: number): Promise<void>;
}

/** No session yet, and never more than `maxSessions`. */
export function openSessions(maxSessions: number): OpenSessions {
  const sessions = new Set<Session>();
  /** Have not said hello, the oldest first. */
  const silent = new Set<Session>();
  let draining = false;
  let emptied = () => {};

  function refusal(): IcrlError | undefined {
    if (draining) return new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
    if (sessions.size < maxSessions || makeRoom()) return undefined;
    return new IcrlError("TOO_MANY_SESSIONS", `${sessions.size} sessions are open: at most ${maxSessions}`);
  }

  /** @returns whether one could be ended */
  function makeRoom(): boolean {
    let idlest: { session: Session; idleMs: number } | undefined;
    for (const session of sessions) {
      const { idleMs } = session;
      if (idleMs >= ROOM_MS && idleMs > (idlest?.idleMs ?? 0)) idlest = { session, idleMs };
    }
    if (idlest === undefined) return false;
    const seconds = Math.round(idlest.idleMs / 1000);
    const text = `nothing was open for ${seconds} s, and all ${maxSessions} sessions were: say hello when you have something to open`;
    idlest.session.fail(new IcrlError("TOO_MANY_SESSIONS", text));
    return true;
  }

  return {
    get size() {
      return sessions.size;
    },
    [Symbol.iterator]: () => sessions.values(),
    expect(session) {
      silent.add(session);
      if (silent.size <= maxSessions) return;
      const [longest] = silent;
      longest.fail(new IcrlError("SERVER_BUSY", `${maxSessions} streams have yet to say hello: say it when you call`));
    },
    admit(session) {
      silent.delete(session);
      const why = refusal();
      if (why === undefined) sessions.add(session);
      return why;
    },
    delete(session) {
      silent.delete(session);
      if (sessions.delete(session) && sessions.size === 0) emptied();
    },
    async drain(deadlineMs) {
      draining = true;
      for (const session of [...silent, ...sessions]) session.drain(deadlineMs);
      if (sessions.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
    },
  };
}

/** How long a session may have had nothing open without having to make room for others. */
const ROOM_MS = 5000;
