/**
 * A session's state machine: which message may come when, and what it causes. Works on encoded messages, so that a repeated
 * request is recognised by its bytes and answered by the bytes that answered it before; knows nothing of the transport.
 *
 *   new --hello--> ready --open--> opening --> playing --all trials played, or close--> closing --closed--> ready
 *
 * An entrant's session does not send `open`: from ready the lobby opens its assignments. An `open` for labels may lead from opening back
 * to ready: nothing is left to label. From every state it can be ended.
 */
import { randomUUID } from "node:crypto";
import { IcrlError } from "../../common/errors.js";
import { PROTOCOL_VERSION, VERSION } from "../../common/version.js";
import type { Hello, Open, PlayRequest } from "../../proto/gen/icrl/v1/environment.js";
import type { Seat } from "../matches/lobby.js";
import { capabilitiesOf } from "./capabilities.js";
import { checkHelloFields, checkOpenFields } from "./checked-fields.js";
import { keptReason } from "./checked-options.js";
import { checkHello, notImplemented } from "./checked-request.js";
import { checkActionsBytes, checkResetBytes, decodeRequest } from "./decode-request.js";
import { describeLimits } from "./describe-limits.js";
import { rest, waitForHello } from "./idle-time.js";
import type { Link } from "./link.js";
import { type Introduced, type LiveSession, type Open as OpenState, openIn, send, statusOf } from "./live-session.js";
import type { AgentAnswer } from "./lock-steps.js";
import { assignedPlay, freePlay } from "./playable.js";
import type { SessionContext } from "./session-context.js";
import { drainingError, end, fail, guarded, leave } from "./session-end.js";
import { close, open, openLabels, openWhenItFits, sendFinished } from "./session-open.js";
import type { SessionStatus } from "./session-status.js";

/** One session. */
export interface Session {
  /** Takes one encoded PlayRequest. */
  receive(bytes: Buffer): void;
  /** The agent will send no more. */
  endOfInput(): void;
  /** The stream is gone. */
  lost(): void;
  /** Ends it with an error, unless it has ended. */
  fail(error: unknown): void;
  /** Lets what is open finish within a deadline; opens nothing new. */
  drain(deadlineMs: number): void;
  /** What it is doing now. */
  status(): SessionStatus;
  /** How long it has had nothing open, nor a match to wait for, in milliseconds; 0 while it has. */
  readonly idleMs: number;
}

/**
 * Starts a session on a link. Whoever calls it, or is called back for it, hears of no error: what its code throws, wherever that runs, ends
 * this session with INTERNAL.
 */
export function createSession(link: Link, context: SessionContext): Session {
  const { clock } = context;
  const session: LiveSession = {
    id: randomUUID(),
    context: {
      ...context,
      clock: {
        now: () => clock.now(),
        lateMs: () => clock.lateMs(),
        after: (ms, callback) => clock.after(ms, guarded(session, callback)),
      },
    },
    sinceMs: clock.now(),
    link,
    state: { is: "new" },
    releaseHello() {},
    release() {},
    before: { steps: 0, completeTrials: 0 },
    inputEnded: false,
    idleSinceMs: undefined,
    stopIdleTime: undefined,
    stopDrainTime: undefined,
  };
  context.tell({ event: "session_opened", sessionId: session.id, peer: link.peer });
  waitForHello(session);
  return {
    receive: guarded(session, (bytes) => {
      if (session.state.is !== "ended") onMessage(session, decodeRequest(bytes, context.limits), bytes);
    }),
    endOfInput: guarded(session, () => {
      session.inputEnded = true;
      if (session.state.is === "playing") whilePlaying(session, () => leave(session, undefined));
      else if (session.state.is !== "closing") end(session, undefined, undefined);
    }),
    lost: () => end(session, undefined, { reason: "CONNECTION_LOST", text: "the agent's connection was lost" }),
    fail: (error) => fail(session, error),
    drain: guarded(session, (deadlineMs) => drain(session, deadlineMs)),
    status: () => statusOf(session),
    get idleMs() {
      return session.idleSinceMs === undefined ? 0 : context.clock.now() - session.idleSinceMs;
    },
  };
}

function onMessage(session: LiveSession, message: NonNullable<PlayRequest["message"]>, bytes: Buffer): void {
  const { state } = session;
  const kind = message.$case;
  if (kind === "resume") throw notImplemented(kind);
  switch (state.is) {
    case "new":
      if (kind === "hello") return onHello(session, message.value, bytes.length);
      break;
    case "ready":
      if (kind === "open") return onOpen(session, state, message.value);
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
  const { limits, labels, lobby, memory } = session.context;
  if (hello.minProtocolVersion > PROTOCOL_VERSION || hello.maxProtocolVersion < PROTOCOL_VERSION) {
    throw new IcrlError(
      "PROTOCOL_VERSION",
      `hello offers protocol ${hello.minProtocolVersion} to ${hello.maxProtocolVersion}: this server speaks ${PROTOCOL_VERSION}`,
    );
  }
  checkHello(hello);
  checkHelloFields(hello);
  session.releaseHello = memory.hold(DECODED * bytes);
  if (memory.full)
    throw new IcrlError("SERVER_BUSY", `all of ${limits.maxMemoryBytes} bytes are held: come again later`);
  rest(session, { hello, place: undefined });
  send(session, {
    $case: "welcome",
    value: {
      protocolVersion: PROTOCOL_VERSION,
      serverVersion: VERSION,
      sessionId: session.id,
      limits: describeLimits(limits),
      resumeToken: "",
      capabilities: capabilitiesOf(labels),
      received: 0n,
      restarted: false,
    },
  });
  if (hello.entrant === undefined) return;
  const { entrant: name, tournamentId, collectionId, entrantKey: key, agent, tasks } = hello;
  const entrant = { name, tournamentId, collectionId, key, agent, peer: session.link.peer, tasks };
  session.state = { is: "ready", hello, place: lobby.enter(entrant, seatOf(session)) };
}

/** The session as the lobby sees it. */
function seatOf(session: LiveSession): Seat {
  return {
    open: guarded(session, (assignment) => {
      const { state } = session;
      if (state.is !== "ready") throw new Error(`an assignment came to a session that was ${state.is}`);
      openWhenItFits(session, state, assignedPlay(session.id, state.hello, assignment, session.context));
    }),
    finish: guarded(session, () => sendFinished(session)),
    fail: (error) => fail(session, error),
  };
}

function onOpen(session: LiveSession, who: Introduced, message: Open): void {
  if (who.place !== undefined) {
    throw new IcrlError("PROTOCOL_ORDER", "an entrant sent open: the server opens its matches");
  }
  checkOpenFields(message);
  if (message.label !== undefined) openLabels(session, who, message);
  else open(session, who, freePlay(session.id, who.hello, message, session.context));
}

/** An entrant closes in the middle of its assignment: it only leaves, or it says why it cannot go on. */
function onLeave(session: LiveSession, why: string): void {
  leave(session, why === "" ? undefined : { reason: "AGENT_FAILED", text: keptReason(why) });
}

function drain(session: LiveSession, deadlineMs: number): void {
  if (session.state.is === "ended" || session.stopDrainTime !== undefined) return;
  if (openIn(session) === undefined) return fail(session, drainingError());
  send(session, { $case: "draining", value: { deadlineMs } });
  session.stopDrainTime = session.context.clock.after(deadlineMs, () => fail(session, drainingError()));
}
