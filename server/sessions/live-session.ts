/** A session from inside: what it holds, and the state that it is in. */
import { PROTOCOL_VERSION, VERSION } from "../../common/version.js";
import { type Hello, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import type { Assignment } from "../matches/assignment.js";
import type { Place } from "../matches/lobby.js";
import { capabilitiesOf } from "./capabilities.js";
import type { Delivery } from "./delivery.js";
import { describeLimits } from "./describe-limits.js";
import type { Link } from "./link.js";
import type { LockSteps } from "./lock-steps.js";
import type { Session } from "./open-sessions.js";
import type { EarlierTotals } from "./playable.js";
import type { SessionContext } from "./session-context.js";
import type { SessionStatus } from "./session-status.js";
import type { CountedSource } from "./trials-left.js";

/** Who speaks, once it has said hello. */
export interface Introduced {
  readonly hello: Hello;
  /** Its place in the lobby; undefined in free play, and until it has entered. */
  readonly place: Place | undefined;
}

/** Something opens: the log is tried, or trials to label are awaited. */
export interface Opening extends Introduced {
  readonly is: "opening";
  /** Gives up waiting for trials to label. */
  giveUp(): void;
}

/** Something is open. */
export interface Open extends Introduced {
  /** While closing, all of it is played or given up, and waits for the disk. */
  readonly is: "playing" | "closing";
  readonly steps: LockSteps;
  /** Whose trials they are, of a tournament or a collection. */
  readonly assignment: Assignment | undefined;
  /** What was played of it before the server was started again. */
  readonly earlier: EarlierTotals | undefined;
}

/** The states of docs/protocol.md, each with what it needs. */
export type SessionState =
  | { readonly is: "new" }
  | (Introduced & { readonly is: "ready" })
  | Opening
  | Open
  | { readonly is: "ended" };

/** The last `open` of a session that can be resumed. */
export interface Asked {
  /** Encoded. */
  readonly open: Buffer;
  /** Its trials; undefined where they are to label. */
  readonly source: CountedSource | undefined;
  /** Gives back the memory that it holds. */
  release(): void;
}

/** A session waits for another stream, as its own was lost. */
export interface Parked {
  readonly sinceMs: number;
  /** Stops the time in which it must be resumed. */
  stop(): void;
  /** What begins once it is resumed. */
  whenBack: (() => void) | undefined;
}

/** One session. */
export interface LiveSession {
  /** Another one's from before the server was started again, where it goes on with that. */
  id: string;
  /** As the table of all sessions has it. */
  readonly listed: Session;
  readonly context: SessionContext;
  /** When it began, Unix time in milliseconds. */
  readonly sinceMs: number;
  /** Where it is spoken to. Everything goes through here, so that another stream can take this one's place. */
  link: Link;
  /** What was said, so that it can be resumed; undefined where it cannot. */
  delivery: Delivery | undefined;
  /** Hash of the token that it is resumed by; undefined where it cannot be. */
  tokenHash: string | undefined;
  /** What the agent asked for last, should the server stop; undefined where nothing is to be kept. */
  asked: Asked | undefined;
  /** Undefined while it has a stream. */
  parked: Parked | undefined;
  /** How long it has been parked, in milliseconds, since a match was opened in it. */
  awayMs: number;
  state: SessionState;
  /** Gives back the memory that its hello holds. */
  releaseHello: () => void;
  /** Gives back the memory that was reserved for what is open, if any was. */
  release: () => void;
  /** Of what was open before. */
  readonly before: { steps: number; completeTrials: number };
  /** Whether the agent will send no more. */
  inputEnded: boolean;
  /** Since when it has had nothing open; undefined while it has, and while it waits for a match. */
  idleSinceMs: number | undefined;
  /** Stops the time in which it must say hello, or open something; undefined while it has all the time there is. */
  stopIdleTime: (() => void) | undefined;
  /** When what is open must end, and what stops that time; undefined unless the server is about to stop. */
  drain: { readonly endsAtMs: number; stop(): void } | undefined;
}

/** What is open, if anything is. */
export function openIn({ state }: LiveSession): Open | undefined {
  return state.is === "playing" || state.is === "closing" ? state : undefined;
}

/** What has said hello, if anything has and is still there. */
export function introducedIn({ state }: LiveSession): Introduced | undefined {
  return state.is === "new" || state.is === "ended" ? undefined : state;
}

/** Sends a message, and gives its bytes. */
export function send(session: LiveSession, message: PlayResponse["message"]): Buffer {
  const bytes = encoded(message);
  sendBytes(session, bytes);
  return bytes;
}

/** Sends bytes, which a stream that takes this one's place sends again where the agent has not got them. */
export function sendBytes({ link, delivery }: LiveSession, bytes: Buffer): void {
  delivery?.sent(bytes);
  link.send(bytes);
}

function encoded(message: PlayResponse["message"]): Buffer {
  const bytes = PlayResponse.encode({ message }).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Answers hello and resume, with the token that the agent may resume with; "" where it may not. */
export function sendWelcome({ id, context, link, delivery }: LiveSession, resumeToken: string, before?: number): void {
  const { limits, labels } = context;
  const value = {
    protocolVersion: PROTOCOL_VERSION,
    serverVersion: VERSION,
    sessionId: id,
    limits: describeLimits(limits),
    resumeToken,
    capabilities: capabilitiesOf(limits, labels),
    received: BigInt(before ?? delivery?.taken ?? 0),
    restarted: before !== undefined,
  };
  link.send(encoded({ $case: "welcome", value }));
}

/** Says that the server is about to stop. */
export function sendDraining({ link }: LiveSession, deadlineMs: number): void {
  link.send(encoded({ $case: "draining", value: { deadlineMs: Math.max(0, Math.round(deadlineMs)) } }));
}

/** Steps and complete trials since it began. */
export function totalsOf({ before }: LiveSession, open: Open | undefined): { steps: number; completeTrials: number } {
  const totals = open?.steps.play.totals;
  return {
    steps: before.steps + (totals?.steps ?? 0),
    completeTrials: before.completeTrials + (totals?.completeTrials ?? 0),
  };
}

/** What it is doing now. */
export function statusOf(session: LiveSession): SessionStatus {
  const open = openIn(session);
  const hello = introducedIn(session)?.hello;
  return {
    sessionId: session.id,
    peer: session.link.peer,
    sinceMs: session.sinceMs,
    playing: open !== undefined,
    parked: session.parked !== undefined,
    agent: hello?.agent ?? "",
    agentVersion: hello?.agentVersion ?? "",
    language: hello?.language ?? "",
    entrant: hello?.entrant,
    task: open?.steps.play.task.name,
    tournamentId: open?.assignment?.tournamentId,
    collectionId: open?.assignment?.collectionId,
    matchId: open?.assignment?.matchId,
    activeEnvs: open?.steps.play.activeCount ?? 0,
    ...totalsOf(session, open),
  };
}
