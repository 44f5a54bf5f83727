/** What all sessions of a server have done, in numbers that only grow. */
import type { PlayTotals } from "./play.js";

/** Numbers of a server. */
export interface Counters {
  steps: number;
  /** Trials whose episodes all ran to their own ends. */
  completeTrials: number;
  /** Trials that were cut short. */
  incompleteTrials: number;
}

/** All 0. */
export const newCounters = (): Counters => ({ steps: 0, completeTrials: 0, incompleteTrials: 0 });

/** Gives what adds to the counters what a play has come to since it was called last. Allocates nothing. */
export function tallyInto(counters: Counters, totals: Readonly<PlayTotals>): () => void {
  let { steps, completeTrials, incompleteTrials } = totals;
  return () => {
    counters.steps += totals.steps - steps;
    counters.completeTrials += totals.completeTrials - completeTrials;
    counters.incompleteTrials += totals.incompleteTrials - incompleteTrials;
    ({ steps, completeTrials, incompleteTrials } = totals);
  };
}
