/**
 * How long an agent may take for its actions: a time for each answer, and an overtime that late answers use up together. Time in which
 * the server itself was late does not count, nor time in which the agent has no stream.
 */
import type { Clock } from "../../common/clock.js";

/** The deadline of what is open in a session. */
export interface ActDeadline {
  /** The agent was asked at this time: an answer is due. Costs a comparison while answers come in time. */
  arm(askedAtMs: number): void;
  /** The agent has answered at this time; what was late is taken from the overtime. @returns how long it took, in milliseconds */
  answered(atMs: number): number;
  /** Nothing is due. */
  disarm(): void;
  /** No time passes: whatever is due, or becomes due, is due as much later. */
  pause(): void;
  /** Time passes again. */
  goOn(): void;
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
  /** When the agent was asked, and how late the server had been then; both later by as much as no time passed since. */
  let askedMs = 0;
  let lateBeforeMs = 0;
  /** Of the time in which the server is not late, as the next. */
  let dueAtMs = 0;
  let wakesAtMs = 0;
  let wakeNever: (() => void) | undefined;
  /** Undefined while time passes. */
  let paused: { readonly armed: boolean; readonly sinceMs: number; readonly lateMs: number } | undefined;

  /** Of the time in which the server is not late. */
  const punctualMs = () => clock.now() - clock.lateMs();

  function sleep(ms: number): void {
    wakesAtMs = dueAtMs;
    wakeNever = clock.after(ms, wake);
  }

  function wake(): void {
    wakeNever = undefined;
    const leftMs = dueAtMs - punctualMs();
    if (leftMs > 0) sleep(leftMs);
    else missed();
  }

  function stopSleep(): void {
    wakeNever?.();
    wakeNever = undefined;
  }

  const pauseWith = (armed: boolean) => ({ armed, sinceMs: clock.now(), lateMs: clock.lateMs() });

  return {
    arm(askedAtMs) {
      const allowedMs = timeoutMs + overtimeLeftMs;
      askedMs = askedAtMs;
      lateBeforeMs = clock.lateMs();
      dueAtMs = askedAtMs - lateBeforeMs + allowedMs;
      if (paused !== undefined) {
        paused = pauseWith(true);
        return;
      }
      if (wakeNever !== undefined && wakesAtMs <= dueAtMs) return;
      stopSleep(); // overtime was used up: due sooner than it would wake
      sleep(allowedMs);
    },
    answered(atMs) {
      const afterMs = atMs - askedMs;
      if (afterMs <= timeoutMs) return afterMs;
      const overMs = afterMs - (clock.lateMs() - lateBeforeMs) - timeoutMs;
      if (overMs > 0) overtimeLeftMs = Math.max(0, overtimeLeftMs - overMs);
      return afterMs;
    },
    disarm() {
      stopSleep();
      if (paused?.armed === true) paused = pauseWith(false);
    },
    pause() {
      paused = pauseWith(wakeNever !== undefined);
      stopSleep();
    },
    goOn() {
      if (paused?.armed === true) {
        const awayMs = clock.now() - paused.sinceMs;
        const lateMs = clock.lateMs() - paused.lateMs;
        askedMs += awayMs;
        lateBeforeMs += lateMs;
        dueAtMs += awayMs - lateMs;
        sleep(dueAtMs - punctualMs());
      }
      paused = undefined;
    },
  };
}
