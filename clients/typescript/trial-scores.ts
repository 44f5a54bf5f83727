/** What trials came to: each one's regret and return as the server tells them, and their means. */
import { type MeanAndStandardError, meanAndStandardError } from "../../common/mean-and-standard-error.js";
import type { Closed, TrialEnd } from "../../proto/gen/icrl/v1/environment.js";

/** Means over the trials that were played to their end, each with its standard error (sample standard deviation / sqrt(trials)). */
export interface TrialScores {
  /** Of a trial's regret. */
  readonly regret: MeanAndStandardError;
  /** Of a trial's return, the sum of its rewards. */
  readonly trialReturn: MeanAndStandardError;
}

/** What a session came to: the server's totals, and the means. */
export type PlayTotals = Closed & TrialScores;

/** Collects the ends of trials, in whatever order they come. */
export interface TrialScoring {
  take(ends: readonly TrialEnd[]): void;
  /** The means so far: the same for the same trials, in whatever order they ended. */
  scores(): TrialScores;
}

/** Nothing collected yet. */
export function createTrialScoring(): TrialScoring {
  const ended: { readonly trialIndex: bigint; readonly regret: number; readonly trialReturn: number }[] = [];
  return {
    take(ends) {
      for (const { trialIndex, regret, trialReturn } of ends) {
        if (regret !== undefined) ended.push({ trialIndex, regret, trialReturn }); // else it was cut short
      }
    },
    scores() {
      ended.sort((a, b) => (a.trialIndex < b.trialIndex ? -1 : 1));
      return {
        regret: meanAndStandardError(ended.map(({ regret }) => regret)),
        trialReturn: meanAndStandardError(ended.map(({ trialReturn }) => trialReturn)),
      };
    },
  };
}
