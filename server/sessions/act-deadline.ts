/**
 * How long an agent may take for its actions: a time for each answer, and an overtime that late answers use up together. Time in which
 * the server itself was late does not count.
 */
import type { Clock } from "../../common/clock.js";

/** The deadline of what is open in a session. */
export interface ActDeadline {
  /** The agent was asked at this time: an answer is due. Costs a comparison while answers come in time. */
  arm(askedAtMs: number): void;
  /** The agent has answered after this long; what was late is taken from the overtime. */
  answered(afterMs: number): void;
  /** Nothing is due. */
  disarm(): void;
}

/**
 * A deadline that nothing is due by yet. It wakes at the first time that an answer was due, and sleeps on if another is due by then:
 * a timer for each answer would cost more than the answer.
 *
 * @param timeoutMs for each answer
 * @param overtimeMs how much longer answers may take, all of them together
 * @param missed called once when an answer has not come in time
 */
export function createActDeadline(
  clock: Clock,
  timeoutMs: number,
  overtimeMs: number,
  missed: () => void,
): ActDeadline {
  let overtimeLeftMs = overtimeMs;
  /** How late the server had been when the agent was asked. */
  let lateBeforeMs = 0;
  /** Of the time in which the server is not late, as the next. */
  let dueAtMs = 0;
  let wakesAtMs = 0;
  let wakeNever: (() => void) | undefined;

  function sleep(ms: number): void {
    wakesAtMs = dueAtMs;
    wakeNever = clock.after(ms, wake);
  }

  function wake(): void {
    wakeNever = undefined;
    const leftMs = dueAtMs - (clock.now() - clock.lateMs());
    if (leftMs > 0) sleep(leftMs);
    else missed();
  }

  function disarm(): void {
    wakeNever?.();
    wakeNever = undefined;
  }

  return {
    arm(askedAtMs) {
      const allowedMs = timeoutMs + overtimeLeftMs;
      lateBeforeMs = clock.lateMs();
      dueAtMs = askedAtMs - lateBeforeMs + allowedMs;
      if (wakeNever !== undefined && wakesAtMs <= dueAtMs) return;
      disarm(); // overtime was used up: due sooner than it would wake
      sleep(allowedMs);
    },
    answered(afterMs) {
      if (afterMs <= timeoutMs) return;
      const overMs = afterMs - (clock.lateMs() - lateBeforeMs) - timeoutMs;
      if (overMs > 0) overtimeLeftMs = Math.max(0, overtimeLeftMs - overMs);
    },
    disarm,
  };
}
