/** Steps of the trials that sessions take from one source, those of trials under way included. */

import type { Clock } from "../../common/clock.js";

/** A count that grows with every lock-step. */
export interface StepCount {
  /** Steps of trials that ended, and of those under way. */
  readonly steps: number;
  /** So many envs have taken a step. */
  stepped(envs: number): void;
  /** A trial ended after so many steps, all of them counted already. */
  ended(steps: number): void;
  /** A trial that an earlier process played is found. */
  found(steps: number): void;
}

/** Shortest time, in milliseconds, between two times that somebody is told of steps alone. */
const TELL_MS = 250;

/** None yet. @param tell called now and then while steps are taken and no trial ends */
export function createStepCount(clock: Pick<Clock, "now">, tell: () => void): StepCount {
  let ended = 0;
  let underWay = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    get steps() {
      return ended + underWay;
    },
    stepped(envs) {
      underWay += envs;
      const now = clock.now();
      if (now - toldAt < TELL_MS) return;
      toldAt = now;
      tell();
    },
    ended(steps) {
      underWay -= steps;
      ended += steps;
    },
    found(steps) {
      ended += steps;
    },
  };
}
