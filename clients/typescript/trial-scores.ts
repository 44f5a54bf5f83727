/** What trials came to: each one's regret and return as the server tells them, and their means. */
import { type MeanAndStandardError, meanAndStandardErrorOfTrials } from "../../common/mean-and-standard-error.js";
import type { Closed, TrialEnd } from "../../proto/gen/icrl/v1/environment.js";
import type { FreePlay } from "./session.js";

/**
 * Means over the trials that were played to their end, each with its standard error: sample standard deviation / sqrt(trials), or that of a
 * mean over instances where the trials share them.
 */
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

/** Nothing collected yet. @param play of which the trials are */
export function createTrialScoring({
  instances,
  envSeeds,
}: Pick<FreePlay, "instances" | "envSeeds"> = {}): TrialScoring {
  const ended: Pick<Required<TrialEnd>, "env" | "trialIndex" | "regret" | "trialReturn">[] = [];
  const instanceOf = (i: number): string => {
    const { env, trialIndex } = ended[i];
    return `${envSeeds?.[env] ?? ""} ${trialIndex % BigInt(instances as number)}`; // series of one seed have the same instances
  };
  return {
    take(ends) {
      for (const { env, trialIndex, regret, trialReturn } of ends) {
        if (regret !== undefined) ended.push({ env, trialIndex, regret, trialReturn }); // else it was cut short
      }
    },
    scores() {
      ended.sort((a, b) => (a.trialIndex < b.trialIndex ? -1 : 1));
      const meanOf = (values: readonly number[]) =>
        meanAndStandardErrorOfTrials(values, instances === undefined ? undefined : instanceOf);
      return {
        regret: meanOf(ended.map(({ regret }) => regret)),
        trialReturn: meanOf(ended.map(({ trialReturn }) => trialReturn)),
      };
    },
  };
}
