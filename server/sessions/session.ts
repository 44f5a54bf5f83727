/**
 * A session's state machine: which message may come when, and what it causes. Works on encoded messages, so that a repeated
 * request is recognised by its bytes and answered by the bytes that answered it before; knows nothing of the transport.
 *
 *   new --hello--> ready --open--> playing --all trials played, or close--> closing --closed--> ready
 *
 * An entrant's session does not send `open`: from ready the lobby opens its matches. An `open` for labels may be answered by
 * `closed` at once: nothing is left to label.
 */
import { randomUUID } from "node:crypto";
import { IcrlError, type Reason } from "../../common/errors.js";
import { PROTOCOL_VERSION, VERSION } from "../../common/version.js";
import {
  type Hello,
  type Open,
  type Opened,
  type PlayRequest,
  PlayResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import { describeTask } from "../tasks/describe-task.js";
import type { Task } from "../tasks/task.js";
import type { RunInfo, TrajectorySink } from "../trajectories/sink.js";
import { capabilitiesOf } from "./capabilities.js";
import { keptReason } from "./checked-options.js";
import { checkedLabel, checkedOpen, checkHello, decodeRequest, notImplemented } from "./checked-request.js";
import type { Counters } from "./counters.js";
import { describeLimits } from "./describe-limits.js";
import { envsThatFit } from "./envs-that-fit.js";
import type { Labels } from "./labels.js";
import type { Limits } from "./limits.js";
import type { Lobby, Match, Place } from "./lobby.js";
import { type OpenPlay, openPlay } from "./open-play.js";
import { createPlay, type Play } from "./play.js";
import { createRecorder } from "./recorder.js";
import type { SessionEvent, StepTimes } from "./session-event.js";
import type { SessionStatus } from "./session-status.js";
import { freePlaySource, type TrialSource } from "./trial-source.js";

/** The transport's side of a session. */
export interface Link {
  /** The connection it came over, HOST:PORT of the other end: the sessions of one process share it. */
  readonly peer: string;
  /** Sends one encoded PlayResponse. */
  send(bytes: Buffer): void;
  /** Ends the stream: well when there is no error. */
  end(error?: unknown): void;
}

/** What all sessions of a server share. */
export interface SessionContext {
  readonly limits: Limits;
  readonly sink: TrajectorySink;
  readonly lobby: Lobby;
  /** Trials to label; absent when the server has no dataset. */
  readonly labels?: Labels;
  /** Unix time in milliseconds, with fractions. */
  readonly now: () => number;
  /** What all sessions have done; sessions add to it. */
  readonly counters: Counters;
  /** Told what happens. */
  readonly tell: (event: SessionEvent) => void;
  /** Absent where nobody measures. */
  readonly times?: StepTimes;
}

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
}

type State = "new" | "ready" | "opening" | "playing" | "ended";

/** Envs that a match opens when the entrant does not say. */
const DEFAULT_MATCH_ENVS = 64;

/** Starts a session on a link. */
export function createSession(link: Link, context: SessionContext): Session {
  const { limits, sink, tell, now } = context;
  const sessionId = randomUUID();
  const sinceMs = now();
  /** Of what was open before. */
  const before = { steps: 0, completeTrials: 0 };
  /** What is open of a tournament or a collection. */
  let openedMatch: Match | undefined;
  let state: State = "new";
  let hello: Hello | undefined;
  let place: Place | undefined;
  /** Gives up waiting for trials to label. */
  let leaveLabels = () => {};
  let open: OpenPlay | undefined;
  let draining = false;
  let inputEnded = false;
  let drainTimer: NodeJS.Timeout | undefined;
  function send(message: PlayResponse["message"]): Buffer {
    const bytes = PlayResponse.encode({ message }).finish();
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    link.send(buffer);
    return buffer;
  }

  const totalsSoFar = () => ({
    steps: before.steps + (open?.play.totals.steps ?? 0),
    trials: before.completeTrials + (open?.play.totals.completeTrials ?? 0),
  });

  /** `leaveText` is for people: what the match's forfeit will say. */
  function end(error: unknown, leaveReason: Reason | undefined, leaveText = ""): void {
    if (state === "ended") return;
    const unfinished = open !== undefined && open.play.activeCount > 0;
    const cause = error === undefined ? undefined : error instanceof IcrlError ? error.reason : "INTERNAL";
    const reason = cause ?? (unfinished ? leaveReason : undefined);
    state = "ended";
    clearTimeout(drainTimer);
    leaveLabels();
    try {
      open?.abandon(leaveReason);
    } finally {
      tell({
        event: "session_ended",
        session_id: sessionId,
        peer: link.peer,
        agent: hello?.agent,
        agent_version: hello?.agentVersion,
        entrant: hello?.entrant,
        reason,
        message: reason === undefined || reason === "INTERNAL" ? undefined : leaveText,
        ...totalsSoFar(),
        seconds: (now() - sinceMs) / 1000,
      });
      open = undefined;
      place?.leave(unfinished ? leaveReason : undefined, leaveText);
      link.end(error);
    }
  }

  function fail(error: unknown): void {
    if (error instanceof IcrlError) end(error, error.reason, error.message);
    else end(error, "CONNECTION_LOST", "the server failed");
  }

  /** All that was open is played and durable: says so, and is free for the next task. */
  function onClosed(): void {
    const { totals, durableTrials } = (open as OpenPlay).play;
    const closed = {
      completeTrials: BigInt(totals.completeTrials),
      incompleteTrials: BigInt(totals.incompleteTrials),
      episodes: BigInt(totals.episodes),
      steps: BigInt(totals.steps),
      durableTrials: BigInt(durableTrials()),
      finished: false,
    };
    before.steps += totals.steps;
    before.completeTrials += totals.completeTrials;
    state = "ready";
    open = undefined;
    openedMatch = undefined;
    send({ $case: "closed", value: closed });
    if (draining) fail(drainingError());
    else if (inputEnded) end(undefined, undefined);
    else place?.free();
  }

  function drainingError(): IcrlError {
    return new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
  }

  function start(
    task: Task,
    numEnvs: number,
    source: TrialSource,
    opened: {
      agentOptions: Readonly<Record<string, unknown>> | undefined;
      record: boolean;
      tags: Record<string, string>;
    },
    match: Match | undefined,
  ): void {
    const from = hello as Hello;
    const run: RunInfo = {
      sessionId,
      tournamentId: match?.tournamentId,
      collectionId: match?.collectionId,
      entrant: match === undefined ? undefined : from.entrant,
      taskId: match?.taskId ?? task.name,
      task: task.name,
      taskVersion: task.version,
      taskOptionsJson: JSON.stringify(task.options),
      agent: from.agent,
      agentVersion: from.agentVersion,
      agentOptionsJson: JSON.stringify(opened.agentOptions ?? from.agentOptions ?? {}),
      serverVersion: VERSION,
      privileged: false,
      behaviourComponent: match?.behaviourComponent,
      tagsJson: JSON.stringify(opened.tags),
    };
    openedMatch = match;
    const keepsTruncated = match && ((reason: Reason) => match.keepsTruncated(reason));
    const recorder = opened.record ? createRecorder(sink, keepsTruncated) : undefined;
    const play = createPlay({ task, numEnvs, source, run, recorder, withholdTruth: match !== undefined, now });
    begin(play, match === undefined ? 0 : limits.act_overtime_ms, {
      trials: source.remaining,
      agentOptions: opened.agentOptions,
      tournamentId: match?.tournamentId,
      matchId: match?.matchId,
      collectionId: match?.collectionId,
    });
  }

  /** Says what is open, and shows its first observations. */
  function begin(play: Play, overtimeMs: number, opened: Pick<Opened, "trials"> & Partial<Opened>): void {
    const sendAgain = (bytes: Buffer) => link.send(bytes);
    open = openPlay(play, { ...context, overtimeMs, send, sendAgain, closed: onClosed, fail });
    tell({
      event: "task_opened",
      session_id: sessionId,
      agent: hello?.agent ?? "",
      task: play.task.name,
      num_envs: play.numEnvs,
      trials: Number(opened.trials),
      entrant: hello?.entrant,
      tournament_id: opened.tournamentId,
      collection_id: opened.collectionId,
      label: opened.label,
    });
    state = "playing";
    send({
      $case: "opened",
      value: {
        task: describeTask(play.task),
        numEnvs: play.numEnvs,
        wantProbabilities: play.wantsProbabilities,
        agentOptions: undefined,
        tournamentId: undefined,
        matchId: undefined,
        collectionId: undefined,
        label: undefined,
        ...opened,
      },
    });
    open.begin();
  }

  function onHello(message: Hello): void {
    if (message.minProtocolVersion > PROTOCOL_VERSION || message.maxProtocolVersion < PROTOCOL_VERSION) {
      throw new IcrlError(
        "PROTOCOL_VERSION",
        `hello offers protocol ${message.minProtocolVersion} to ${message.maxProtocolVersion}: this server speaks ${PROTOCOL_VERSION}`,
      );
    }
    checkHello(message);
    hello = message;
    state = "ready";
    send({
      $case: "welcome",
      value: {
        protocolVersion: PROTOCOL_VERSION,
        serverVersion: VERSION,
        sessionId,
        limits: describeLimits(limits),
        resumeToken: "",
        capabilities: capabilitiesOf(context.labels),
      },
    });
    if (message.entrant === undefined) return;
    place = context.lobby.enter(
      {
        name: message.entrant,
        tournamentId: message.tournamentId,
        collectionId: message.collectionId,
        agent: message.agent,
        peer: link.peer,
        tasks: message.tasks,
      },
      { open: openMatch, finish: sendFinished },
    );
  }

  function openMatch(match: Match): void {
    const wanted = (hello as Hello).numEnvs || DEFAULT_MATCH_ENVS;
    const { remaining } = match.source;
    // Half of what is left, so that a second session of the same entrant can play beside this one.
    const share = remaining > 2n * BigInt(wanted) ? wanted : Math.max(1, Math.ceil(Number(remaining) / 2));
    const numEnvs = Math.min(wanted, share, envsThatFit(match.task, limits, true));
    whenWritable(() =>
      start(match.task, numEnvs, match.source, { agentOptions: match.agentOptions, record: true, tags: {} }, match),
    );
  }

  /** Nothing more will come. */
  function sendFinished(): void {
    send({
      $case: "closed",
      value: {
        completeTrials: 0n,
        incompleteTrials: 0n,
        episodes: 0n,
        steps: 0n,
        durableTrials: 0n,
        finished: true,
      },
    });
  }

  /** Goes on once the log can be written; a failed log is tried again for each session that wants it. */
  function whenWritable(go: () => void): void {
    if (sink.writable) return go();
    state = "opening";
    sink
      .probe()
      .then((writable) => {
        if (state !== "opening") return;
        if (!writable) sink.mustHold(); // that it belongs to another is the better text
        if (!writable)
          throw new IcrlError("LOG_UNWRITABLE", "the log cannot be written: free its disk, then open again");
        go();
      })
      .catch(fail);
  }

  function onOpen(message: Open): void {
    const from = hello as Hello;
    if (place !== undefined) {
      throw new IcrlError("PROTOCOL_ORDER", "an entrant sent open: the server opens its matches");
    }
    if (message.labelDataset !== undefined) throw notImplemented("label");
    if (message.label !== undefined) return openLabels(message, from);
    const { task, purpose } = checkedOpen(message, from, limits);
    const source = freePlaySource({
      purpose,
      seed: message.seed,
      taskId: task.name,
      entrant: from.agent,
      firstTrial: message.firstTrial,
      trials: message.trials,
      explicitSeeds: message.explicitSeeds,
    });
    const record = message.record ?? true;
    const go = () =>
      start(task, message.numEnvs, source, { agentOptions: undefined, record, tags: message.tags }, undefined);
    if (record) whenWritable(go);
    else go();
  }

  /** Opens trials to label, once there are any. */
  function openLabels(message: Open, from: Hello): void {
    if (context.labels === undefined) throw notImplemented("label");
    const label = checkedLabel(message, limits);
    state = "opening";
    leaveLabels = context.labels.request(
      {
        name: label,
        agent: from.agent,
        agentVersion: from.agentVersion,
        agentOptions: from.agentOptions ?? {},
        tasks: from.tasks,
        numEnvs: message.numEnvs,
      },
      {
        open(trials, remaining) {
          try {
            begin(trials, 0, { trials: BigInt(remaining), label });
          } catch (error) {
            fail(error);
          }
        },
        finish() {
          state = "ready";
          sendFinished();
        },
        fail,
      },
    );
  }

  /** The agent closes in the middle of a match: it only leaves, or it says why it cannot go on. */
  function closeMatch(why: string): void {
    if (why === "") end(undefined, "AGENT_CLOSED", "the agent closed its session before its trials were played");
    else end(undefined, "AGENT_FAILED", keptReason(why));
  }

  function onMessage(message: NonNullable<PlayRequest["message"]>, bytes: Buffer): void {
    const kind = message.$case;
    if (kind === "reset" || kind === "resume") throw notImplemented(kind);
    if (kind === "hello" && state === "new") return onHello(message.value);
    if (kind === "open" && state === "ready") return onOpen(message.value);
    if (kind === "actions" && open !== undefined) return open.act(message.value, bytes);
    if (kind === "close" && open !== undefined) {
      if (open.closing) return; // already on its way
      if (place !== undefined) return closeMatch(message.value.reason);
      return open.close("AGENT_CLOSED");
    }
    if (kind === "close" && state === "ready") return end(undefined, undefined);
    throw new IcrlError(
      "PROTOCOL_ORDER",
      `"${kind}" came while the session was ${open?.closing ? "closing" : state}: see the state diagram in docs/protocol.md`,
    );
  }

  tell({ event: "session_opened", session_id: sessionId, peer: link.peer });

  return {
    receive(bytes) {
      if (state === "ended") return;
      try {
        onMessage(decodeRequest(bytes, limits), bytes);
      } catch (error) {
        fail(error);
      }
    },
    endOfInput() {
      inputEnded = true;
      if (open === undefined) end(undefined, undefined);
      else if (!open.closing) closeMatch("");
    },
    lost() {
      end(undefined, "CONNECTION_LOST", "the agent's connection was lost");
    },
    fail,
    drain(deadlineMs) {
      if (state === "ended" || draining) return;
      draining = true;
      if (open === undefined) return fail(drainingError());
      send({ $case: "draining", value: { deadlineMs } });
      drainTimer = setTimeout(() => fail(drainingError()), deadlineMs);
    },
    status: () => ({
      sessionId,
      peer: link.peer,
      sinceMs,
      playing: open !== undefined,
      agent: hello?.agent ?? "",
      agentVersion: hello?.agentVersion ?? "",
      language: hello?.language ?? "",
      entrant: hello?.entrant,
      task: open?.play.task.name,
      tournamentId: openedMatch?.tournamentId,
      collectionId: openedMatch?.collectionId,
      matchId: openedMatch?.matchId,
      activeEnvs: open?.play.activeCount ?? 0,
      steps: totalsSoFar().steps,
      completeTrials: totalsSoFar().trials,
    }),
  };
}
