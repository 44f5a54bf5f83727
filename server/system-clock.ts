/** The machine's clock, which knows how late the process is. */
import type { Clock } from "../common/clock.js";

/** A clock that watches the event loop until it is closed. */
export interface SystemClock extends Clock {
  /** Watches no more. What has not fallen due by then keeps no process alive. */
  close(): void;
}

/** How often it looks whether the event loop is in time, in milliseconds. */
const WATCH_MS = 10;

/** Timers are never exact: what is late by less, in milliseconds, is in time. */
const IN_TIME_MS = 5;

/**
 * Opens one. It does not jump when somebody sets the time. What falls due while the process is late waits for a turn of the event loop,
 * in which the input that has come meanwhile is read.
 *
 * @param watched told a hundred times a second by how many milliseconds a turn of the event loop kept a timer waiting
 */
export function createSystemClock(watched: (lateMs: number) => void = () => {}): SystemClock {
  let lateMs = 0;
  let looksAtMs = performance.now() + WATCH_MS;
  const watch = setInterval(() => {
    const nowMs = performance.now();
    const late = Math.max(0, nowMs - looksAtMs);
    if (late > IN_TIME_MS) lateMs += late;
    looksAtMs = nowMs + WATCH_MS;
    watched(late);
  }, WATCH_MS).unref();

  /** Time in which the process was not late. */
  const inTimeMs = () => performance.now() - lateSoFar();

  /** Timers that have not fallen due. */
  const waiting = new Set<{ unref(): void }>();
  let closed = false;

  function lateSoFar(): number {
    if (closed) return lateMs; // nobody looks any more: it would be late for ever
    const late = performance.now() - looksAtMs;
    return late > IN_TIME_MS ? lateMs + late : lateMs;
  }

  return {
    now: () => performance.timeOrigin + performance.now(),
    lateMs: lateSoFar,
    after(ms, callback) {
      const dueAtMs = inTimeMs() + ms;
      let ringsAtMs = 0;
      let timer: NodeJS.Timeout;
      let patient = false;
      const pending = { unref: () => void timer.unref() };

      function sleep(forMs: number): void {
        ringsAtMs = performance.now() + forMs;
        timer = setTimeout(ring, forMs);
        if (closed) timer.unref();
      }

      function ring(): void {
        const leftMs = dueAtMs - inTimeMs();
        const late = performance.now() - ringsAtMs > IN_TIME_MS;
        if (leftMs > 1) sleep(leftMs);
        else if (late && !patient) {
          patient = true; // once: an event loop that is always late must not stop the time
          sleep(1);
        } else {
          waiting.delete(pending);
          callback();
        }
      }

      sleep(ms);
      waiting.add(pending);
      return () => {
        waiting.delete(pending);
        clearTimeout(timer);
      };
    },
    close() {
      closed = true;
      clearInterval(watch);
      for (const pending of waiting) pending.unref();
    },
  };
}
