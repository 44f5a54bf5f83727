/** Holds an agent's side of one session against the protocol, message by message, over one stream or several. */
import type { AgentMessage, ServerMessage } from "../../clients/typescript/play-stream.js";
import { visible } from "../../common/visible-text.js";
import {
  type Actions,
  type Closed,
  type Hello,
  type Observations,
  type Opened,
  PlayRequest,
  type Welcome,
} from "../../proto/gen/icrl/v1/environment.js";
import { activeEnvs, readActions } from "./action-faults.js";
import type { Transcript } from "./transcript.js";

/** What the agent was started as. */
export interface StartedAs {
  /** The entrant's name; undefined where it labels. */
  readonly entrant: string | undefined;
  /** Name of the labels; undefined where it plays. */
  readonly label: string | undefined;
}

/** Where a session stands. */
type Stage = "new" | "greeted" | "ready" | "opening" | "playing" | "closing" | "finished" | "left";

/** A session, and what the agent has said in it. */
export interface JudgedSession {
  readonly startedAs: StartedAs;
  /** Told each thing that is wrong, as a sentence without its subject. */
  readonly fault: (text: string) => void;
  readonly transcript: Transcript;
  stage: Stage;
  hello: Hello | undefined;
  welcome: Welcome | undefined;
  opened: Opened | undefined;
  /** The observations that want an answer, or were the last to have one. */
  asked: Observations | undefined;
  /** Whether `asked` was answered. */
  answered: boolean;
  /** The step_index that it answered last of what is open. */
  lastAnswered: bigint | undefined;
  /** Matches that it gave up, with the reason that it said. */
  readonly gaveUp: string[];
  /** Whether it was told closed {finished}. */
  hasFinished: boolean;
  /** Whether its stream was broken off, and it has not come back. */
  isLost: boolean;
  /** What it said since hello, in order. */
  readonly sent: Buffer[];
  /** Messages since hello, `draining` and `welcome` left out, that were passed to it. */
  got: number;
  /** Of those, how many it must have got, because it answered what came after them. */
  surelyGot: number;
  /** Messages that come again after a resume. */
  repeats: number;
  /** What it must send again after a resume. */
  toRepeat: Buffer[];
}

/** A session of which nothing has been said. */
export function judgedSession(
  startedAs: StartedAs,
  fault: (text: string) => void,
  transcript: Transcript,
): JudgedSession {
  return {
    startedAs,
    fault,
    transcript,
    stage: "new",
    hello: undefined,
    welcome: undefined,
    opened: undefined,
    asked: undefined,
    answered: true,
    lastAnswered: undefined,
    gaveUp: [],
    hasFinished: false,
    isLost: false,
    sent: [],
    got: 0,
    surelyGot: 0,
    repeats: 0,
    toRepeat: [],
  };
}

/** Where it is, as the end of a sentence: "at step_index 4 of bandit/agent". */
export function placeOf({ stage, opened, asked }: JudgedSession): string {
  if (opened !== undefined && asked !== undefined && stage !== "finished" && stage !== "ready") {
    const match = opened.matchId ?? (opened.label === undefined ? "its task" : `labels "${opened.label}"`);
    return `at step_index ${asked.stepIndex} of ${match}`;
  }
  if (stage === "new") return "before hello";
  return stage === "finished" ? "after closed {finished}" : "between two matches";
}

/** What it has to do next, for "did not ... within 10 s"; undefined where the server's turn is next. */
export function owedBy(session: JudgedSession): string | undefined {
  const { stage, asked, answered, opened, startedAs } = session;
  if (session.isLost) return "resume on a new stream after its stream broke";
  if (session.toRepeat.length > 0) return "send again, after resume, what the server had not got";
  if (stage === "new") return "say hello on a stream that it opened";
  if (stage === "ready" && startedAs.label !== undefined) return "open, after the welcome, or after closed";
  if (stage === "finished") return "end its stream after closed {finished}";
  if (stage !== "playing" || asked === undefined || opened === undefined || answered) return undefined;
  return activeEnvs(asked, opened.numEnvs).includes(true)
    ? `answer step_index ${asked.stepIndex} of ${opened.matchId ?? "what is open"}`
    : undefined;
}

/** Whether there is nothing more for it to do. */
export const isOver = ({ stage, isLost }: JudgedSession): boolean => stage === "left" && !isLost;

/** Takes what the agent says; the message, or undefined where the bytes are none. */
export function takeSaid(session: JudgedSession, bytes: Buffer): AgentMessage | undefined {
  const { fault } = session;
  let message: AgentMessage | undefined;
  try {
    message = PlayRequest.decode(bytes).message;
  } catch {}
  if (message === undefined) {
    fault(`sent ${bytes.length} bytes that are no PlayRequest with a message in it, ${placeOf(session)}`);
    return undefined;
  }
  if (message.$case === "hello" || message.$case === "resume") {
    takeHello(session, message);
    return message;
  }
  const again = session.toRepeat.shift();
  if (again !== undefined) {
    if (!again.equals(bytes))
      fault(`sent, after resume, other bytes than those that the server had not got, ${placeOf(session)}`);
    return message;
  }
  const isRepeat = session.sent.at(-1)?.equals(bytes) === true && message.$case === "actions";
  session.sent.push(bytes);
  if (session.stage === "finished" && message.$case !== "close")
    fault(`went on after closed {finished}: sent ${message.$case}`);
  else if (session.stage === "new") fault(`sent ${message.$case} before hello`);
  else if (message.$case === "open") takeOpen(session, message.value.label);
  else if (message.$case === "close") takeClose(session, message.value.reason);
  else if (message.$case === "reset") fault(`sent reset ${placeOf(session)}: it is for free play alone`);
  else if (!isRepeat) takeActions(session, message.value);
  return message;
}

function takeHello(session: JudgedSession, message: Extract<AgentMessage, { $case: "hello" | "resume" }>): void {
  const { fault, startedAs } = session;
  if (message.$case === "resume") {
    const received = Number(message.value.received);
    if (session.welcome === undefined) fault("sent resume with a token that no session has");
    else if (received > session.got || received < session.surelyGot)
      fault(`said in resume that it got ${received} messages, when it had been sent ${session.got}`);
    session.isLost = false;
    session.repeats = Math.max(0, session.got - received);
    return;
  }
  if (session.stage !== "new") return fault(`said hello again ${placeOf(session)}`);
  session.stage = "greeted";
  session.hello = message.value;
  const { minProtocolVersion: min, maxProtocolVersion: max, entrant, agent } = message.value;
  if (min > 1 || max < 1) fault(`speaks protocol versions ${min} to ${max}, and not 1`);
  if (agent === "") fault("said hello without the name of its agent");
  if (startedAs.entrant !== undefined && entrant !== startedAs.entrant) {
    const came = entrant === undefined ? "without entrant" : `as entrant "${visible(entrant)}"`;
    fault(`said hello ${came}: it was started with --entrant ${startedAs.entrant}`);
  }
  if (startedAs.label !== undefined && entrant !== undefined) fault("said hello as an entrant, with --label");
}

function takeOpen(session: JudgedSession, label: string | undefined): void {
  const { fault, startedAs } = session;
  if (startedAs.label === undefined) return fault("sent open, though it entered a tournament: there the server opens");
  if (session.stage !== "ready" && session.stage !== "greeted") fault(`sent open ${placeOf(session)}`);
  if (label !== startedAs.label) fault(`opened without label "${startedAs.label}", with which it was started`);
  session.stage = "opening";
}

function takeClose(session: JudgedSession, reason: string): void {
  const inMatch = session.stage === "playing" && owedBy(session) !== undefined;
  if (inMatch && reason === "")
    session.fault(`left a match unfinished, by close without a reason, ${placeOf(session)}`);
  if (inMatch && reason !== "")
    session.gaveUp.push(`${session.opened?.matchId ?? "what was open"}: ${visible(reason)}`);
  session.stage = inMatch ? "closing" : "left";
}

function takeActions(session: JudgedSession, answer: Actions): void {
  const { fault, asked, opened } = session;
  const step = answer.stepIndex;
  if (asked === undefined || opened === undefined || session.stage === "ready" || session.stage === "greeted")
    return fault(`sent actions for step_index ${step} when nothing was open`);
  // The second one may come before the server's next word, or after it.
  if (step === session.lastAnswered) return fault(`answered step_index ${step} twice, the second time in other bytes`);
  if (step !== asked.stepIndex) {
    if (session.answered && step > asked.stepIndex)
      return fault(`sent actions for step_index ${step} before it was shown that step`);
    if (session.answered) return fault(`sent actions for step_index ${step} again, after those for ${asked.stepIndex}`);
    return fault(`answered step_index ${asked.stepIndex} with step_index ${step}`);
  }
  const active = activeEnvs(asked, opened.numEnvs);
  session.answered = true;
  session.lastAnswered = step;
  session.surelyGot = session.got;
  if (!active.includes(true))
    return fault(`sent actions for step_index ${step}, where no env is active: closed follows by itself`);
  const chosen = readActions(answer, opened, asked);
  for (const text of chosen.faults) fault(text);
  if (answer.hold !== undefined) fault(`answered step_index ${step} with hold: it is for free play alone`);
  if (chosen.actions !== undefined) session.transcript.acted(chosen.actions, chosen.propensities, active);
}

/** Takes what the server says, when it is passed to the agent. */
export function takeServed(session: JudgedSession, message: ServerMessage): void {
  if (message.$case === "welcome") {
    session.toRepeat = session.welcome === undefined ? [] : session.sent.slice(Number(message.value.received));
    if (session.stage === "greeted") session.stage = "ready";
    session.welcome = message.value;
    return;
  }
  if (message.$case === "draining") return;
  if (session.repeats > 0) {
    session.repeats -= 1;
    return;
  }
  session.got += 1;
  if (message.$case === "opened") {
    session.opened = message.value;
    session.stage = "playing";
    session.asked = undefined;
    session.answered = true;
    session.lastAnswered = undefined;
    session.transcript.opened(message.value);
  } else if (message.$case === "observations") {
    session.asked = message.value;
    session.answered = false;
    session.transcript.shown(message.value);
  } else takeClosed(session, message.value);
}

function takeClosed(session: JudgedSession, { finished }: Closed): void {
  session.stage = finished ? "finished" : "ready";
  session.hasFinished ||= finished;
  session.answered = true;
}

/** The agent has ended its stream, or broken it off. */
export function takeLeft(session: JudgedSession, how: "ended" | "broke off"): void {
  const { stage, fault } = session;
  const owed = owedBy(session);
  if (stage === "new") fault(`${how} a stream on which it had not said hello`);
  else if (stage === "playing" && owed !== undefined)
    fault(`${how} its stream in the middle of a match, ${placeOf(session)}`);
  session.stage = "left";
}
