/** One scenario under way: the sessions of the agent's process, judged, and what was found. */
import { setTimeout as wait } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { AgentMessage, ServerMessage } from "../../clients/typescript/play-stream.js";
import { type Hello, PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { endingOf } from "./raw-stream.js";
import type { StreamHandler } from "./relay.js";
import type { Interference, Scenario } from "./scenarios.js";
import {
  isOver,
  type JudgedSession,
  judgedSession,
  owedBy,
  placeOf,
  type StartedAs,
  takeLeft,
  takeSaid,
  takeServed,
} from "./session-judge.js";
import { type Choice, createTranscript } from "./transcript.js";

/** What an exam is made of. */
export interface ExamOptions {
  readonly scenario: Scenario;
  readonly startedAs: StartedAs;
  /** How long the server takes where it is slow, in milliseconds. */
  readonly slowMs: number;
  /** Makes what the agent enters for, once its first hello is there; resolves with the tournament's id. */
  readonly enter: (hello: Hello) => Promise<string | undefined>;
  /** Breaks all connections of the agent. */
  readonly cut: () => void;
  readonly nowMs: () => number;
}

/** An exam. */
export interface Exam {
  /** For each stream that the agent opens. */
  stream(): StreamHandler;
  /** What is wrong so far, each thing once, in the order in which it was found. */
  readonly faults: ReadonlySet<string>;
  readonly trials: ReadonlyMap<string, readonly Choice[]>;
  /** The first hello; undefined until it is there. */
  hello(): Hello | undefined;
  sessions(): readonly WatchedSession[];
  /** When something was last said on a Play stream, or one began or ended; undefined before the first. */
  lastMs(): number | undefined;
  fault(text: string): void;
  /** What broke off longer ago than that did so by itself: its process would have ended by now. */
  settle(ms: number): void;
}

/** A session, and since when it owes what it owes. */
export interface WatchedSession extends JudgedSession {
  sinceMs: number;
  /** When the agent broke it off, while it is not known yet whether its process ended; else undefined. */
  brokenMs: number | undefined;
  /** Whether the agent has said hello while this one was lost. */
  isForsaken: boolean;
  /** Whether its stream has ended. */
  isGone: boolean;
  /** Messages of the server so far, welcome left out. */
  served: number;
  /** Actions of the agent so far. */
  acted: number;
  readonly interference: Interference;
}

/** An exam as its own functions see it. */
interface LiveExam {
  readonly options: ExamOptions;
  readonly faults: Set<string>;
  readonly trials: Map<string, Choice[]>;
  readonly sessions: WatchedSession[];
  lastMs: number | undefined;
  /** How often the agent's connections were broken. */
  cuts: number;
  /** The tournament that the agent enters for, once it has said hello. */
  entered: Promise<string | undefined> | undefined;
}

/** Starts one. */
export function createExam(options: ExamOptions): Exam {
  const exam: LiveExam = {
    options,
    faults: new Set(),
    trials: new Map(),
    sessions: [],
    lastMs: undefined,
    cuts: 0,
    entered: undefined,
  };
  return {
    stream: () => examinedStream(exam),
    faults: exam.faults,
    trials: exam.trials,
    hello: () => exam.sessions.find(({ hello }) => hello !== undefined)?.hello,
    sessions: () => exam.sessions,
    lastMs: () => exam.lastMs,
    fault: (text) => void exam.faults.add(text),
    settle(ms) {
      for (const session of exam.sessions) {
        if (session.brokenMs === undefined || options.nowMs() - session.brokenMs < ms) continue;
        session.brokenMs = undefined;
        takeLeft(session, "broke off");
      }
    },
  };
}

function newSession({ options, faults, trials, sessions }: LiveExam): WatchedSession {
  const { scenario, startedAs, slowMs, nowMs } = options;
  const judged = judgedSession(startedAs, (text) => void faults.add(text), createTranscript(trials));
  const session: WatchedSession = {
    ...judged,
    sinceMs: nowMs(),
    brokenMs: undefined,
    isForsaken: false,
    isGone: false,
    served: 0,
    acted: 0,
    interference: scenario.interference?.({ slowMs }) ?? {},
  };
  sessions.push(session);
  return session;
}

/** Since now it owes whatever it owes. */
function touch(exam: LiveExam, session: WatchedSession): void {
  session.sinceMs = exam.options.nowMs();
  exam.lastMs = session.sinceMs;
}

/** The hello as the server gets it: for this tournament, with as many envs as the scenario wants. */
async function entering(exam: LiveExam, hello: Hello): Promise<Buffer> {
  const { enter, scenario } = exam.options;
  exam.entered ??= enter(hello);
  const tournamentId = await exam.entered;
  const value =
    tournamentId === undefined || hello.entrant === undefined
      ? hello
      : { ...hello, tournamentId, numEnvs: scenario.numEnvs };
  return Buffer.from(PlayRequest.encode({ message: { $case: "hello", value } }).finish());
}

/** The session that a resume goes on with, in place of the one that its stream began; that one where there is no other. */
function resumed({ sessions }: LiveExam, token: string, begun: WatchedSession): WatchedSession {
  const known = sessions.find(({ welcome }) => welcome?.resumeToken === token && token !== "");
  if (known === undefined) return begun;
  sessions.splice(sessions.indexOf(begun), 1);
  return known;
}

/** Breaks the agent's connections: every session of it is lost by that. */
function cut(exam: LiveExam): void {
  exam.cuts += 1;
  for (const session of exam.sessions) if (!session.isGone) lose(session);
  exam.options.cut();
}

/** One stream of the agent's. */
function examinedStream(exam: LiveExam): StreamHandler {
  const { nowMs, startedAs } = exam.options;
  let session = newSession(exam);
  let isNew = true;
  const cutsBefore = exam.cuts;
  const isCut = () => exam.cuts !== cutsBefore;
  touch(exam, session);
  return {
    said(bytes) {
      if (isCut()) return undefined;
      const first = isNew ? messageOf(bytes) : undefined;
      isNew = false;
      if (first?.$case === "resume") session = resumed(exam, first.value.resumeToken, session);
      // That may be another session of the agent's: whether the lost one is gone on with is seen later.
      if (first?.$case === "hello") for (const lost of exam.sessions) lost.isForsaken ||= lost.isLost;
      session.isGone = false;
      touch(exam, session);
      const message = takeSaid(session, bytes);
      if (message?.$case === "hello" && startedAs.entrant !== undefined) return entering(exam, message.value);
      if (message?.$case !== "actions") return bytes;
      session.acted += 1;
      if (session.interference.loses?.(session.acted) !== true) return bytes;
      cut(exam);
      return undefined;
    },
    async served(bytes, pass) {
      const came = PlayResponse.decode(bytes).message;
      if (came === undefined || isCut()) return;
      const isCounted = came.$case !== "welcome" && came.$case !== "draining" && session.repeats === 0;
      const steps = isCounted ? session.interference.served?.(came, bytes, session.served) : undefined;
      if (isCounted) session.served += 1;
      for (const step of steps ?? [{ pass: bytes }]) {
        if ("waitMs" in step) await wait(step.waitMs);
        if (isCut()) return;
        if ("cut" in step) cut(exam);
        if (!("pass" in step)) continue;
        takeServed(session, PlayResponse.decode(step.pass).message as ServerMessage);
        touch(exam, session);
        pass(step.pass);
      }
    },
    left(how) {
      exam.lastMs = nowMs();
      if (isCut() || session.isGone) return;
      session.isGone = true;
      if (how === "broke off") session.brokenMs = nowMs();
      else takeLeft(session, how);
    },
    ended(came) {
      exam.lastMs = nowMs();
      if (isCut() || session.isGone) return;
      const ending = endingOf(came);
      const isPlain = came.code === status.OK || session.gaveUp.length > 0 || isBlameless(session, ending.reason);
      if (!isPlain)
        session.fault(`was refused ${placeOf(session)}: ${ending.reason ?? status[came.code]}: ${ending.text}`);
      session.stage = "left";
      session.isGone = true;
    },
  };
}

/** Its stream is gone, by no fault of its own: it is to come back where it can, and has something under way. */
function lose(session: WatchedSession): void {
  const canResume = session.hello?.capabilities.includes("resume") === true && session.welcome?.resumeToken !== "";
  session.isLost = canResume && ["opening", "playing", "closing"].includes(session.stage);
  session.isGone = !session.isLost;
}

/** Whether the server ends a session with this reason that has done nothing wrong: one of which it has taken the end, say, when nobody could hear it. */
function isBlameless({ stage }: WatchedSession, reason: string | undefined): boolean {
  if (reason === "RESUME_UNKNOWN") return stage === "left" || stage === "finished";
  return reason !== undefined && ["SERVER_DRAINING", "SESSION_RESUMED", "TOURNAMENT_CANCELLED"].includes(reason);
}

function messageOf(bytes: Buffer): AgentMessage | undefined {
  try {
    return PlayRequest.decode(bytes).message;
  } catch {
    return undefined;
  }
}

/** What a session owes for longer than it may, as a sentence without its subject; undefined where it is in time. */
export function overdue(session: WatchedSession, patienceMs: number, nowMs: number): string | undefined {
  if (session.isGone || isOver(session) || nowMs - session.sinceMs < patienceMs) return undefined;
  const owed = owedBy(session);
  if (owed === undefined) return undefined;
  const text = `did not ${owed} within ${patienceMs / 1000} s (--patience)`;
  if (!session.isLost) return text;
  return `${text}, though its hello lists resume${session.isForsaken ? ": it said hello anew" : ""}`;
}
