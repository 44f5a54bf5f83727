/**
 * The lock-steps of what is open in a session, from its first observations to its last: numbers them, answers a repeated request by the
 * bytes that answered it before, and holds the agent to its deadline.
 */
import type { Clock } from "../../common/clock.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Slices } from "../../common/slices.js";
import type { PlayRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import { createActDeadline } from "./act-deadline.js";
import { checkedActions, checkedProbabilities, checkedPropensities } from "./checked-request.js";
import { checkedHold, checkedReset } from "./checked-reset.js";
import { type Counters, tallyInto } from "./counters.js";
import type { LockStep } from "./lock-step.js";
import { observationsOf } from "./observations.js";
import type { Play } from "./play.js";
import type { StepTimes } from "./session-event.js";

/** What lock-steps need of their session and of the server. */
export interface LockStepsContext {
  readonly sink: TrajectorySink;
  readonly counters: Counters;
  readonly work: WorkQueue;
  /** Absent where nobody measures. */
  readonly times?: StepTimes;
  readonly clock: Clock;
  /** How long each answer may take, in milliseconds. */
  readonly actTimeoutMs: number;
  /** How much longer than the deadline answers may take, all of them together, in milliseconds. */
  readonly overtimeMs: number;
  /** Sends a message, and gives its bytes. */
  send(message: PlayResponse["message"]): Buffer;
  /** Sends bytes once more. */
  sendAgain(bytes: Buffer): void;
  /** Called when actions are taken: whoever answers has got what was sent. */
  taken(): void;
  /** Called once all trials are played, after their last observations. */
  played(): void;
  /** Called when it cannot go on. */
  fail(error: unknown): void;
}

/** What answers observations. */
export type AgentAnswer = Extract<PlayRequest["message"], { $case: "actions" | "reset" }>;

/** The lock-steps of one play. */
export interface LockSteps {
  readonly play: Play;
  /** Whether trials are under way, or about to begin. */
  readonly unfinished: boolean;
  /** Shows the first observations. */
  begin(): void;
  /**
   * Calls back once no lock-step is under way: now, or soon, as no trial begins any more. Does not where it is stopped before, or the
   * lock-step turns out to be the last.
   */
  afterThis(then: () => void): void;
  /** Takes actions, or a reset in their place. @throws STEP_*, and what checkedAnswer throws */
  act(answer: AgentAnswer, bytes: Buffer): void;
  /** The agent has no stream: no time passes for it, but what is computed is computed on. */
  away(): void;
  /** It has one again. */
  back(): void;
  /** Asks for no more; gives up trials that are not played to their end, where there is a reason. */
  stop(reason: Reason | undefined): void;
}

/** Bytes that may wait for the disk before agents have to. */
const MAX_BACKLOG_BYTES = 64 << 20;

/** Whether actions are wanted, or will be when they are computed or when the disk has caught up, or no more. */
type State = "asked" | "working" | "waiting" | "over";

/** Of an index that is not asked for: what is. */
const GAP_TEXTS: Readonly<Record<State, (stepIndex: number) => string>> = {
  asked: (stepIndex) => `has not been sent: answer ${stepIndex}`,
  working: (stepIndex) => `has not been sent: wait for the observations of step_index ${stepIndex}`,
  waiting: (stepIndex) =>
    `has not been sent: wait for the observations of step_index ${stepIndex}, which come when the log's disk has caught up`,
  over: () => "is not asked for: nothing is left to play, wait for closed",
};

/** Of an index that is neither asked for nor the last. */
function indexError(index: number, stepIndex: number, state: State): IcrlError {
  if (index > stepIndex - 1)
    return new IcrlError("STEP_GAP", `step_index ${index} ${GAP_TEXTS[state](stepIndex)}`, {
      step_index: index,
      expected: stepIndex,
    });
  return new IcrlError("STEP_GONE", `step_index ${index} is past: the last answered is ${stepIndex - 1}`, {
    step_index: index,
    expected: stepIndex,
  });
}

function actTimeout(stepIndex: number, { actTimeoutMs, overtimeMs }: LockStepsContext): IcrlError {
  const overtime = overtimeMs === 0 ? "" : `, nor within the match's overtime of ${overtimeMs} ms`;
  return new IcrlError(
    "ACT_TIMEOUT",
    `no actions for step_index ${stepIndex} within ${actTimeoutMs} ms${overtime}: answer each observations in time`,
    { step_index: stepIndex, timeout_ms: actTimeoutMs },
  );
}

/**
 * What an answer makes the play do, given how long the agent took for it, in milliseconds.
 * @throws PROTOCOL_ORDER, RESET_INVALID, HOLD_INVALID, ACTION_*, PROPENSITY_INVALID, PROBABILITIES_INVALID
 */
function checkedAnswer({ $case, value }: AgentAnswer, play: Play): (agentMs: number) => Slices<LockStep> {
  if ($case === "reset") {
    const reset = checkedReset(value, play);
    return (agentMs) => play.reset({ ...reset, agentMs });
  }
  const acting = checkedHold(value, play);
  const actions = checkedActions(value, play, acting);
  const propensities = checkedPropensities(value, play, acting);
  const probabilities = checkedProbabilities(value, play, acting);
  return (agentMs) => play.step({ actions, acting, propensities, probabilities, agentMs });
}

/** The lock-steps of a play that has not begun. */
export function createLockSteps(play: Play, context: LockStepsContext): LockSteps {
  const { sink, times, clock, fail } = context;
  /** Counts what the play has done since it was called last. */
  const tally = tallyInto(context.counters, play.totals);
  let state: State = "asked";
  /** Gives up the lock-step that is being computed. */
  let giveUp = () => {};
  /** What is to follow it, in place of its answer. */
  let afterwards: (() => void) | undefined;
  /** The lock-step that wants actions, or will. */
  let stepIndex = 0;
  /** The last request that was taken, and what answered it: undefined while that waits. A repeat gets it again, on whatever link. */
  let lastRequest: Buffer | undefined;
  let lastAnswer: Buffer | undefined;
  /** When the actions came that are being answered; undefined while the beginning is. */
  let actedAtMs: number | undefined;

  const tooLate = () => fail(actTimeout(stepIndex, context));
  const deadline = createActDeadline(clock, context.actTimeoutMs, context.overtimeMs, tooLate);

  function over(): void {
    state = "over";
    tally();
    deadline.disarm();
  }

  function ask(step: LockStep): void {
    state = "asked";
    const observations = observationsOf(play.task.observationSpace, stepIndex, step);
    lastAnswer = context.send({ $case: "observations", value: observations });
    const askedAtMs = clock.now();
    if (actedAtMs !== undefined) times?.answer(askedAtMs - actedAtMs);
    if (play.activeCount > 0) return deadline.arm(askedAtMs);
    over();
    context.played();
  }

  /** Shows a lock-step once the disk has caught up: it is slower than the agents, and the agent waits, not the memory. */
  function askLater(step: LockStep): void {
    state = "waiting";
    deadline.disarm();
    const shown = () => void (state === "waiting" && ask(step));
    play.whenDurable().then(shown).catch(fail);
  }

  function answer(step: LockStep): void {
    if (sink.backlogBytes <= MAX_BACKLOG_BYTES) ask(step);
    else askLater(step);
  }

  /** Answers actions, or a reset, that are not those that are wanted. @throws STEP_CONFLICT, STEP_GONE, STEP_GAP */
  function repeat(index: number, bytes: Buffer): void {
    if (index === stepIndex - 1 && lastRequest !== undefined) {
      if (!bytes.equals(lastRequest)) {
        throw new IcrlError("STEP_CONFLICT", `step_index ${index} was answered before with other bytes`, {
          step_index: index,
          expected: stepIndex,
        });
      }
      if (lastAnswer !== undefined) context.sendAgain(lastAnswer); // else it is on its way
      return;
    }
    throw indexError(index, stepIndex, state);
  }

  /** Computes a lock-step, at once or in slices. No answer is due meanwhile. */
  function compute(slices: Slices<LockStep>, show: (step: LockStep) => void): void {
    state = "working";
    const stop = context.work.compute(
      slices,
      (step) => {
        giveUp = () => {};
        tally();
        if (afterwards === undefined || play.exhausted) return show(step);
        state = "asked";
        afterwards();
      },
      fail,
    );
    if (state !== "working") return;
    giveUp = stop;
    deadline.disarm();
  }

  return {
    play,
    get unfinished() {
      return play.activeCount > 0 || state === "working";
    },
    begin: () => compute(play.start(), ask),
    afterThis(then) {
      if (state !== "working") return then();
      play.takeNoMore();
      afterwards ??= then;
    },
    act(message, bytes) {
      const index = Number(message.value.stepIndex);
      if (index !== stepIndex || state !== "asked") return repeat(index, bytes);
      const slicesOf = checkedAnswer(message, play);
      actedAtMs = clock.now();
      const agentMs = deadline.answered(actedAtMs);
      times?.act(agentMs);
      context.taken();
      lastRequest = bytes;
      lastAnswer = undefined;
      stepIndex += 1;
      compute(slicesOf(agentMs), answer);
    },
    away: deadline.pause,
    back: deadline.goOn,
    stop(reason) {
      try {
        giveUp();
        if (reason !== undefined) play.abort(reason);
      } finally {
        over();
      }
    },
  };
}
