/**
 * What is open in a session, from its first observations until all of it is durable: numbers the lock-steps, answers a repeated request by
 * the bytes that answered it before, and holds the agent to its deadline.
 */
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Actions, Observations, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import { createActDeadline } from "./act-deadline.js";
import { checkedActions, checkedProbabilities, checkedPropensities } from "./checked-request.js";
import { type Counters, tallyInto } from "./counters.js";
import type { Limits } from "./limits.js";
import type { Play } from "./play.js";
import type { StepTimes } from "./session-event.js";

/** What a play needs of its session and of the server. */
export interface OpenPlayContext {
  readonly limits: Limits;
  readonly sink: TrajectorySink;
  readonly counters: Counters;
  /** Absent where nobody measures. */
  readonly times?: StepTimes;
  /** Unix time in milliseconds, with fractions. */
  readonly now: () => number;
  /** How much longer than the deadline answers may take, all of them together, in milliseconds. */
  readonly overtimeMs: number;
  /** Sends a message, and gives its bytes. */
  send(message: PlayResponse["message"]): Buffer;
  /** Sends bytes once more. */
  sendAgain(bytes: Buffer): void;
  /** Called once all trials are played or given up, and durable. */
  closed(): void;
  /** Called when it cannot go on. */
  fail(error: unknown): void;
}

/** A play that is open. */
export interface OpenPlay {
  readonly play: Play;
  /** Whether no more actions are wanted: what was played waits for the disk. */
  readonly closing: boolean;
  /** Shows the first observations. */
  begin(): void;
  /** Takes actions. @throws STEP_*, ACTION_*, PROPENSITY_INVALID, PROBABILITIES_INVALID */
  act(message: Actions, bytes: Buffer): void;
  /** Cuts short what is not played to its end, and closes. */
  close(reason: Reason): void;
  /** The session has ended: cuts short what is not played to its end, where there is a reason, and says nothing more. */
  abandon(reason: Reason | undefined): void;
}

/** Bytes that may wait for the disk before agents have to. */
const MAX_BACKLOG_BYTES = 64 << 20;

/** Opens a play. */
export function openPlay(play: Play, context: OpenPlayContext): OpenPlay {
  const { limits, sink, times, now, send, fail } = context;
  /** Counts what the play has done since it was called last. */
  const tally = tallyInto(context.counters, play.totals);
  /** The lock-step that waits for actions, or will when its observations have been sent. */
  let stepIndex = 0;
  /** The last request and its answer, for a repeat. */
  let lastRequest: Buffer | undefined;
  let lastResponse: Buffer | undefined;
  /** Whether the answer to the last actions waits for the disk. */
  let answerWaits = false;
  let observedAtMs = 0;
  /** When the actions came that are being answered; undefined while those of the beginning are. */
  let actedAtMs: number | undefined;
  let closing = false;
  let abandoned = false;

  const deadline = createActDeadline(limits.act_timeout_ms, context.overtimeMs, () => {
    const overtime = context.overtimeMs === 0 ? "" : `, nor within the match's overtime of ${context.overtimeMs} ms`;
    fail(
      new IcrlError(
        "ACT_TIMEOUT",
        `no actions for step_index ${stepIndex} within ${limits.act_timeout_ms} ms${overtime}: answer each observations in time`,
      ),
    );
  });

  function sendObservations(observations: Observations): void {
    observations.stepIndex = BigInt(stepIndex);
    lastResponse = send({ $case: "observations", value: observations });
    observedAtMs = now();
    if (actedAtMs !== undefined) times?.answer(observedAtMs - actedAtMs);
    if (play.activeCount === 0) void finish();
    else deadline.arm();
  }

  /** Waits until everything is durable. */
  async function finish(): Promise<void> {
    closing = true;
    tally();
    deadline.disarm();
    try {
      await play.whenDurable();
      if (!abandoned) context.closed();
    } catch (error) {
      fail(error);
    }
  }

  /** Answers actions that are not those that are waited for. @throws STEP_CONFLICT, STEP_GONE, STEP_GAP */
  function repeat(index: number, bytes: Buffer): void {
    if (index === stepIndex - 1 && lastRequest !== undefined) {
      if (!bytes.equals(lastRequest)) {
        throw new IcrlError("STEP_CONFLICT", `step_index ${index} was answered before with other bytes`);
      }
      if (lastResponse !== undefined) context.sendAgain(lastResponse); // else the answer is on its way
      return;
    }
    if (index < stepIndex) {
      throw new IcrlError("STEP_GONE", `step_index ${index} is past: the last answered is ${stepIndex - 1}`);
    }
    throw new IcrlError("STEP_GAP", gapText(index));
  }

  /** Of an index that is not asked for: what is. */
  function gapText(index: number): string {
    if (closing) return `step_index ${index} is not asked for: nothing is left to play, wait for closed`;
    if (answerWaits) {
      const wait = `wait for the observations of step_index ${stepIndex}, which come when the log's disk has caught up`;
      return `step_index ${index} has not been sent: ${wait}`;
    }
    return `step_index ${index} has not been sent: answer ${stepIndex}`;
  }

  return {
    play,
    get closing() {
      return closing;
    },
    begin: () => sendObservations(play.start()),
    act(message, bytes) {
      const index = Number(message.stepIndex);
      if (index !== stepIndex || answerWaits || closing) return repeat(index, bytes);
      const actions = checkedActions(message, play);
      const propensities = checkedPropensities(message, play);
      const probabilities = checkedProbabilities(message, play);
      actedAtMs = now();
      const tookMs = actedAtMs - observedAtMs;
      times?.act(tookMs);
      deadline.answered(tookMs);
      const observations = play.step(actions, propensities, tookMs, probabilities);
      tally();
      lastRequest = bytes;
      lastResponse = undefined;
      stepIndex += 1;
      if (sink.backlogBytes <= MAX_BACKLOG_BYTES) return sendObservations(observations);
      // The disk is slower than the agents: the agent waits, not the memory.
      deadline.disarm();
      answerWaits = true;
      play
        .whenDurable()
        .then(() => {
          answerWaits = false;
          if (!closing && !abandoned) sendObservations(observations);
        })
        .catch(fail);
    },
    close(reason) {
      play.abort(reason);
      void finish();
    },
    abandon(reason) {
      abandoned = true;
      deadline.disarm();
      try {
        if (reason !== undefined) play.abort(reason);
      } finally {
        tally();
      }
    },
  };
}
