import type { Clock } from "../common/clock.js";

/** The machine's clock. It does not jump when somebody sets the time. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
