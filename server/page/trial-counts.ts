/** How far a tournament or a task is, in words: of what is known to be played, and what may come on top of it. */
import type { TrialCounts } from "../http/api.js";
import { counted, percent, whole } from "./numbers.js";

/** All that is or may be played: what a bar is full with. */
export const mostTrials = ({ trials, undeclared_trials: undeclared }: TrialCounts): number => trials + undeclared;

/** `43 %`; `≥ 43 %` where it is not known yet how much there is to do. */
export function shareText(counts: TrialCounts): string {
  const share = percent(counts.done_trials, mostTrials(counts));
  return counts.undeclared_trials > 0 ? `≥ ${share}` : share;
}

/** `1,200 of 2,800 trials`, and how many more there may be: of agents that have yet to come and say what they play. */
export function trialsText({ done_trials: done, trials, undeclared_trials: undeclared }: TrialCounts): string {
  const known = `${whole(done)} of ${counted(trials, "trial")}`;
  if (undeclared === 0) return known;
  const more = "of agents that have yet to come";
  return trials === 0
    ? `up to ${counted(undeclared, "trial")} ${more}`
    : `${known}, up to ${whole(undeclared)} more ${more}`;
}
