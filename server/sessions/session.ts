/**
 * A session's state machine: which message may come when, and what it causes. Works on encoded messages, so that a repeated
 * request is recognised by its bytes and answered by the bytes that answered it before; knows nothing of the transport.
 *
 *   new --hello--> ready --open--> opening --> playing --all trials played, or close--> closing --closed--> ready
 *   new --resume--> the state of the session that is resumed
 *
 * An entrant's session does not send `open`: from ready the lobby opens its assignments. An `open` for labels may lead from opening back
 * to ready: nothing is left to label. From every state it can be ended.
 */
import { randomUUID } from "node:crypto";
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { PROTOCOL_VERSION } from "../../common/version.js";
import type { Hello, Open, PlayRequest, Resume } from "../../proto/gen/icrl/v1/environment.js";
import { hashOfKey, newKey } from "../keys.js";
import type { Seat } from "../matches/lobby.js";
import { checkHelloFields, checkOpenFields } from "./checked-fields.js";
import { keptReason } from "./checked-options.js";
import { checkHello, notImplemented } from "./checked-request.js";
import { checkActionsBytes, checkResetBytes, decodeRequest } from "./decode-request.js";
import { createDelivery } from "./delivery.js";
import { rest, waitForHello } from "./idle-time.js";
import { keptMessages } from "./kept-messages.js";
import type { KeptSession } from "./kept-sessions.js";
import { type Incoming, type Link, noLink } from "./link.js";
import {
  type Introduced,
  type LiveSession,
  type Open as OpenState,
  openIn,
  sendDraining,
  sendWelcome,
  statusOf,
} from "./live-session.js";
import type { AgentAnswer } from "./lock-steps.js";
import { memoryWithin } from "./memory-budget.js";
import type { Session } from "./open-sessions.js";
import { expire, lose, takeUp } from "./parking.js";
import { assignedPlay, freePlay } from "./playable.js";
import type { SessionContext } from "./session-context.js";
import { end, fail, guarded, leave } from "./session-end.js";
import { close, open, openLabels, openWhenItFits, sendFinished } from "./session-open.js";
import { stopForRestart } from "./stop-for-restart.js";
import type { TrialsLeft } from "./trials-left.js";
import { workWithin } from "./work-within.js";

/** A session that was started, for whoever speaks to it. */
export interface StartedSession extends Incoming {
  readonly session: Session;
  /** Until `back` no time passes for its agent, which is asked for nothing: another protocol has pauses that this one has not. */
  away(): void;
  back(): void;
}

/**
 * Starts a session on a link; `resume` may put another one in its place. Whoever calls it, or is called back for it, hears of no error: what
 * its code throws, wherever that runs, ends this session with INTERNAL.
 */
export function createSession(link: Link, context: SessionContext): StartedSession {
  const session = newSession(link, context);
  let spokenTo = incomingOf(session, link);
  context.tell({ event: "session_opened", sessionId: session.id, peer: link.peer });
  waitForHello(session);
  context.sessions.expect(session.listed);
  return {
    session: session.listed,
    receive: guarded(session, (bytes) => {
      if (session.state.is !== "new") return spokenTo.receive(bytes);
      const message = decodeRequest(bytes, context.limits);
      if (message.$case === "resume") spokenTo = onResume(session, message.value);
      else onMessage(session, message, bytes);
    }),
    endOfInput: () => spokenTo.endOfInput(),
    lost: () => spokenTo.lost(),
    fail: (error) => spokenTo.fail(error),
    away: guarded(session, () => openIn(session)?.steps.away()),
    back: guarded(session, () => openIn(session)?.steps.back()),
  };
}

function newSession(link: Link, context: SessionContext): LiveSession {
  const { clock, memory, work } = context;
  const share = link.bearer?.share;
  const session: LiveSession = {
    id: sessionId(link),
    listed: {
      tokenId: link.bearer?.tokenId,
      fail: (error) => fail(session, error),
      giveWay(text) {
        if (session.parked !== undefined) expire(session);
        else
          fail(
            session,
            new IcrlError("TOO_MANY_SESSIONS", text, {
              limit: context.limits.maxSessions,
              retry_delay_ms: RETRY_DELAY_MS,
            }),
          );
      },
      drain: (deadlineMs) => guarded(session, drain)(session, deadlineMs),
      status: () => statusOf(session),
      get idleMs() {
        return session.idleSinceMs === undefined ? 0 : clock.now() - session.idleSinceMs;
      },
      get parkedMs() {
        return session.parked && clock.now() - session.parked.sinceMs;
      },
      resume(to, token, received) {
        takeUp(session, to, token, received);
        return incomingOf(session, to);
      },
    },
    context: {
      ...context,
      share,
      memory: share === undefined ? memory : memoryWithin(share, memory),
      work: share === undefined ? work : workWithin(share, work, clock),
      clock: {
        now: () => clock.now(),
        lateMs: () => clock.lateMs(),
        after: (ms, callback) => clock.after(ms, guarded(session, callback)),
      },
    },
    sinceMs: clock.now(),
    link,
    delivery: undefined,
    tokenHash: undefined,
    asked: undefined,
    parked: undefined,
    awayMs: 0,
    state: { is: "new" },
    releaseHello() {},
    release() {},
    before: { steps: 0, completeTrials: 0 },
    inputEnded: false,
    idleSinceMs: undefined,
    stopIdleTime: undefined,
    drain: undefined,
  };
  return session;
}

/** What a stream tells a session, for as long as that is spoken to on it. */
function incomingOf(session: LiveSession, link: Link): Incoming {
  const here = () => session.link === link && session.state.is !== "ended";
  return {
    receive: guarded(session, (bytes) => {
      if (!here()) return;
      const message = decodeRequest(bytes, session.context.limits);
      if (session.delivery !== undefined) {
        session.delivery.taken += 1;
        session.delivery.heard = true;
      }
      onMessage(session, message, bytes);
    }),
    endOfInput: guarded(session, () => {
      if (!here()) return;
      session.inputEnded = true;
      if (session.state.is === "playing") whilePlaying(session, () => leave(session, undefined));
      else if (session.state.is !== "closing") end(session, undefined, undefined);
    }),
    lost: () => here() && lose(session),
    fail: (error) => here() && fail(session, error),
  };
}

/**
 * A stream asks for a session that it had before: that one is spoken to here from now on, and the one that began with the stream ends.
 *
 * @throws NOT_IMPLEMENTED, RESUME_UNKNOWN, RESUME_CONFLICT; ROLE_REFUSED with another token
 */
function onResume(session: LiveSession, { resumeToken, received }: Resume): Incoming {
  const { link, context } = session;
  if (context.limits.resumeMs === 0) throw notImplemented("resume");
  const kept = context.kept.find(hashOfKey(resumeToken));
  // One whose agent has got all that there was begins anew: there is nothing to go on with.
  const said = kept && keptMessages(kept, context.limits);
  if (kept !== undefined && said !== undefined && (kept.wasOpen || received < BigInt(kept.sent))) {
    const tokenId = link.bearer?.tokenId;
    requireOwn(tokenId === undefined || kept.sessionId.startsWith(tokenId));
    goOnWith(session, kept, said, resumeToken);
    return incomingOf(session, link);
  }
  const found = context.sessions.find(resumeToken);
  requireOwn(found.tokenId === link.bearer?.tokenId);
  const incoming = found.resume(link, resumeToken, received);
  session.link = noLink(link.peer);
  end(session, undefined, undefined);
  return incoming;
}

/** @throws ROLE_REFUSED */
function requireOwn(isOwn: boolean): void {
  if (isOwn) return;
  throw new IcrlError("ROLE_REFUSED", "the session was opened with another token: resume it with that one");
}

/** A session's id; of a token's session it begins with the token's. */
function sessionId({ bearer }: Link): string {
  const id = randomUUID();
  return bearer?.tokenId === undefined ? id : `${bearer.tokenId}${id.slice(bearer.tokenId.length)}`;
}

function onMessage(session: LiveSession, message: NonNullable<PlayRequest["message"]>, bytes: Buffer): void {
  const { state } = session;
  const kind = message.$case;
  switch (state.is) {
    case "new":
      if (kind === "hello") return onHello(session, message.value, bytes.length);
      break;
    case "ready":
      if (kind === "open") return onOpen(session, state, message.value, bytes);
      if (kind === "close") return end(session, undefined, undefined);
      break;
    case "playing":
      if (kind === "actions" || kind === "reset") return onAnswer(state, message, bytes);
      if (kind !== "close") break;
      return whilePlaying(session, (open) => {
        if (open.place !== undefined) return onLeave(session, message.value.reason);
        open.steps.stop("AGENT_CLOSED");
        void close(session, open);
      });
    case "closing":
      if (kind === "actions" || kind === "reset") return onAnswer(state, message, bytes);
      if (kind === "close") return; // already on its way
      break;
  }
  throw new IcrlError(
    "PROTOCOL_ORDER",
    `"${kind}" came while the session was ${state.is}: see the state diagram in docs/protocol.md`,
    { message: kind, state: state.is },
  );
}

function onAnswer({ steps }: OpenState, answer: AgentAnswer, bytes: Buffer): void {
  const { numEnvs, task } = steps.play;
  if (answer.$case === "reset") checkResetBytes(bytes, numEnvs);
  else checkActionsBytes(bytes, numEnvs, task.numActions);
  steps.act(answer, bytes);
}

/** Does something with what is open, after the lock-step that is under way, if it is still open then. */
function whilePlaying(session: LiveSession, then: (open: OpenState) => void): void {
  if (session.state.is !== "playing") return;
  session.state.steps.afterThis(() => {
    if (session.state.is === "playing") then(session.state);
  });
}

/** What a message takes in memory once it is decoded: its texts are short, and each is an object. */
const DECODED = 4;

function onHello(session: LiveSession, hello: Hello, bytes: number): void {
  const { limits, sessions } = session.context;
  const token = limits.resumeMs > 0 && hello.capabilities.includes("resume") ? newKey() : undefined;
  session.tokenHash = token && hashOfKey(token);
  sessions.admit(session.listed, session.tokenHash);
  if (hello.minProtocolVersion > PROTOCOL_VERSION || hello.maxProtocolVersion < PROTOCOL_VERSION) {
    throw new IcrlError(
      "PROTOCOL_VERSION",
      `hello offers protocol ${hello.minProtocolVersion} to ${hello.maxProtocolVersion}: this server speaks ${PROTOCOL_VERSION}`,
      {
        min_protocol_version: hello.minProtocolVersion,
        max_protocol_version: hello.maxProtocolVersion,
        supported: PROTOCOL_VERSION,
      },
    );
  }
  checkHello(hello);
  session.link.bearer?.requireName(hello.entrant);
  checkHelloFields(hello);
  holdHello(session, bytes);
  rest(session, { hello, place: undefined });
  sendWelcome(session, token ?? "");
  if (token !== undefined) session.delivery = createDelivery(session.context.memory);
  enterLobby(session, hello, false);
}

/** @throws QUOTA_EXCEEDED, SERVER_BUSY */
function holdHello(session: LiveSession, bytes: number): void {
  const { limits, memory, share } = session.context;
  const leave = share?.take("sessions", 1);
  const release = memory.hold(DECODED * bytes);
  session.releaseHello = () => {
    leave?.();
    release();
  };
  share?.requireLeft("bytes");
  if (!memory.full) return;
  throw new IcrlError("SERVER_BUSY", `all of ${limits.maxMemoryBytes} bytes are held: come again later`, {
    retry_delay_ms: RETRY_DELAY_MS,
  });
}

function enterLobby(session: LiveSession, hello: Hello, known: boolean): void {
  if (hello.entrant === undefined) return;
  const { entrant: name, agent, tasks } = hello;
  // What is empty counts as not sent.
  const which = { tournamentId: hello.tournamentId || undefined, collectionId: hello.collectionId || undefined };
  const entrant = { name, ...which, key: hello.entrantKey || undefined, known, agent, peer: session.link.peer, tasks };
  session.state = { is: "ready", hello, place: session.context.lobby.enter(entrant, seatOf(session)) };
}

/** The server was started again: what was open in a session is opened anew, from its last trial boundary. */
function goOnWith(
  session: LiveSession,
  kept: KeptSession,
  { hello, open }: { readonly hello: Hello; readonly open: Open | undefined },
  token: string,
): void {
  const { sessions, memory, kept: all } = session.context;
  session.id = kept.sessionId;
  session.tokenHash = kept.tokenHash;
  sessions.admit(session.listed, kept.tokenHash);
  session.link.bearer?.requireName(hello.entrant);
  holdHello(session, kept.hello.length);
  all.delete(kept.tokenHash);
  rest(session, { hello, place: undefined });
  session.context.tell({ event: "session_resumed", sessionId: session.id, peer: session.link.peer, seconds: 0 });
  session.delivery = createDelivery(memory);
  session.delivery.heard = true;
  session.delivery.before = kept.taken;
  sendWelcome(session, token, kept.taken);
  enterLobby(session, hello, true);
  if (open === undefined || session.state.is !== "ready") return;
  onOpen(session, session.state, open, kept.open as Buffer, kept.left);
}

/** The session as the lobby sees it. */
function seatOf(session: LiveSession): Seat {
  return {
    open: guarded(session, (assignment) => {
      const { state } = session;
      if (state.is !== "ready") throw new Error(`an assignment came to a session that was ${state.is}`);
      const opens = () =>
        openWhenItFits(session, state, assignedPlay(session.id, state.hello, assignment, session.context));
      // An agent that may never come back is given no trials: nothing is lost, then, where it does not.
      if (session.parked === undefined) opens();
      else session.parked.whenBack = guarded(session, opens);
    }),
    finish: guarded(session, () => sendFinished(session)),
    fail: (error) => fail(session, error),
  };
}

function onOpen(session: LiveSession, who: Introduced, message: Open, bytes: Buffer, left?: TrialsLeft): void {
  const { context, delivery } = session;
  if (who.place !== undefined) {
    throw new IcrlError("PROTOCOL_ORDER", "an entrant sent open: the server opens its matches", { message: "open" });
  }
  checkOpenFields(message);
  delivery?.acknowledged();
  const prepared = message.label === undefined ? freePlay(session.id, who.hello, message, context, left) : undefined;
  session.asked?.release();
  if (delivery !== undefined) {
    session.asked = { open: Buffer.from(bytes), source: prepared?.source, release: context.memory.hold(bytes.length) };
  }
  if (prepared === undefined) openLabels(session, who, message);
  else open(session, who, prepared);
}

/** An entrant closes in the middle of its assignment: it only leaves, or it says why it cannot go on. */
function onLeave(session: LiveSession, why: string): void {
  leave(session, why === "" ? undefined : { reason: "AGENT_FAILED", text: keptReason(why) });
}

function drain(session: LiveSession, deadlineMs: number): void {
  if (session.state.is === "ended" || session.drain !== undefined) return;
  if (openIn(session) === undefined) return stopForRestart(session);
  sendDraining(session, deadlineMs);
  const { clock } = session.context;
  const stop = clock.after(deadlineMs, () => stopForRestart(session));
  session.drain = { endsAtMs: clock.now() + deadlineMs, stop };
}
