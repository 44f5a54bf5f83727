import type { Clock } from "#icrl/common/clock.js";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Lets so many milliseconds pass: calls back, in order, what falls due. */
  pass(ms: number): void;
  /** Lets so many milliseconds pass in which the process notices nothing: what would fall due is put off. */
  stall(ms: number): void;
  /** How many wait for a time. */
  readonly waiting: number;
}

/** One that shows 0. */
export function manualClock(): ManualClock {
  let nowMs = 0;
  let lateMs = 0;
  const alarms = new Set<{ atMs: number; readonly ring: () => void }>();
  return {
    now: () => nowMs,
    lateMs: () => lateMs,
    stall(ms) {
      nowMs += ms;
      lateMs += ms;
      for (const alarm of alarms) alarm.atMs += ms;
    },
    after(ms, ring) {
      const alarm = { atMs: nowMs + ms, ring };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    pass(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...alarms].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        alarms.delete(next);
        nowMs = next.atMs;
        next.ring();
      }
      nowMs = untilMs;
    },
    get waiting() {
      return alarms.size;
    },
  };
}
