import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { hashOfKey } from "../keys.js";
import type { Incoming, Link } from "./link.js";
import type { SessionStatus } from "./session-status.js";

/** One session, whatever stream it is spoken to on. */
export interface Session {
  /** Id of the token with which it was opened; undefined where it was without. */
  readonly tokenId: string | undefined;
  /** Ends it with an error, unless it has ended. */
  fail(error: unknown): void;
  /** Ends it because its place is wanted, with this text. */
  giveWay(text: string): void;
  /** Lets what is open finish within a deadline; opens nothing new. */
  drain(deadlineMs: number): void;
  /** What it is doing now. */
  status(): SessionStatus;
  /** How long it has had nothing open, nor a match to wait for, in milliseconds; 0 while it has. */
  readonly idleMs: number;
  /** How long it has had no stream, in milliseconds; undefined while it has one. */
  readonly parkedMs: number | undefined;
  /**
   * Goes on over this stream, in place of its own: sends what the agent has not got.
   *
   * @param received messages that the agent has got
   * @throws RESUME_CONFLICT
   */
  resume(link: Link, token: string, received: bigint): Incoming;
}

/** The sessions of a server that are open now: those that have said hello, with a stream or waiting for another. */
export interface OpenSessions extends Iterable<Session> {
  readonly size: number;
  /**
   * Takes one that has yet to say hello, beside those that play. Of more than there may be sessions the one that has been silent for
   * longest ends with SERVER_BUSY.
   */
  expect(session: Session): void;
  /**
   * It says hello. Where all places are taken, the one that has waited for a stream for longest makes room, else the one that has had
   * nothing open for longest, and no match to wait for.
   *
   * @param tokenHash of the token that it can be resumed by; undefined where it cannot
   * @throws SERVER_DRAINING, TOO_MANY_SESSIONS
   */
  admit(session: Session, tokenHash: string | undefined): void;
  /**
   * The session of a token. It is looked up by the token's hash, so that the time this takes tells nothing of the tokens that there are.
   *
   * @throws RESUME_UNKNOWN, SERVER_DRAINING
   */
  find(token: string): Session;
  delete(session: Session): void;
  /** Refuses new ones and lets those that play finish; resolves when none is left, which the deadline makes sure of. */
  drain(deadlineMs: number): Promise<void>;
}

/** No session yet, and never more than `maxSessions`. */
export function openSessions(maxSessions: number): OpenSessions {
  /** Each with the hash of its token. */
  const sessions = new Map<Session, string | undefined>();
  const byToken = new Map<string, Session>();
  /** Have not said hello, the oldest first. */
  const silent = new Set<Session>();
  let draining = false;
  let emptied = () => {};

  /** @returns whether one could be ended */
  function makeRoom(): boolean {
    const all = [...sessions.keys()];
    const parked = longest(all, ({ parkedMs }) => parkedMs);
    const idlest = longest(all, ({ idleMs }) => (idleMs >= ROOM_MS ? idleMs : undefined));
    const seconds = Math.round((idlest?.idleMs ?? 0) / 1000);
    if (parked !== undefined) parked.giveWay(`its stream was lost, and all ${maxSessions} sessions were open`);
    else
      idlest?.giveWay(
        `nothing was open for ${seconds} s, and all ${maxSessions} sessions were: say hello when you have something to open`,
      );
    return sessions.size < maxSessions;
  }

  return {
    get size() {
      return sessions.size;
    },
    [Symbol.iterator]: () => sessions.keys(),
    expect(session) {
      silent.add(session);
      if (silent.size <= maxSessions) return;
      const [oldest] = silent;
      oldest.fail(
        new IcrlError("SERVER_BUSY", `${maxSessions} streams have yet to say hello: say it when you call`, {
          retry_delay_ms: RETRY_DELAY_MS,
        }),
      );
    },
    admit(session, tokenHash) {
      silent.delete(session);
      if (draining) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
      if (sessions.size >= maxSessions && !makeRoom()) {
        throw new IcrlError("TOO_MANY_SESSIONS", `${sessions.size} sessions are open: at most ${maxSessions}`, {
          limit: maxSessions,
          retry_delay_ms: ROOM_MS,
        });
      }
      sessions.set(session, tokenHash);
      if (tokenHash !== undefined) byToken.set(tokenHash, session);
    },
    find(token) {
      const session = byToken.get(hashOfKey(token));
      if (session !== undefined) return session;
      // It may have been kept already, for the server that is started again.
      if (draining) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
      throw new IcrlError("RESUME_UNKNOWN", "no session waits for this token: say hello on a new stream");
    },
    delete(session) {
      silent.delete(session);
      byToken.delete(sessions.get(session) ?? "");
      if (sessions.delete(session) && sessions.size === 0) emptied();
    },
    async drain(deadlineMs) {
      draining = true;
      for (const session of [...silent, ...sessions.keys()]) session.drain(deadlineMs);
      if (sessions.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
    },
  };
}

/** How long a session may have had nothing open without having to make room for others. */
const ROOM_MS = 5000;

/** Of which of them something has lasted for longest; undefined where it does of none. */
function longest(sessions: readonly Session[], msOf: (session: Session) => number | undefined): Session | undefined {
  let found: Session | undefined;
  let foundMs = -1;
  for (const session of sessions) {
    const ms = msOf(session) ?? -1;
    if (ms <= foundMs) continue;
    found = session;
    foundMs = ms;
  }
  return found;
}
