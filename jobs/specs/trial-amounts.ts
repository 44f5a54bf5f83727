/** How many trials a file asks for, and on how many instances: `trials`, or `instances` with `trials_each`, of all tasks or of one. */
import type { SpecFile } from "./spec-file.js";

/** Members that say so. */
export const AMOUNTS = ["trials", "instances", "trials_each"] as const;

/** What they say. */
export interface TrialAmount {
  /** At least 1. */
  readonly trials: number;
  /** How many instances the trials take in turn, at least 1; undefined: each trial has its own. */
  readonly instances: number | undefined;
}

/**
 * The amount that some members give; undefined where they say nothing of it.
 *
 * @param from where in the file they stand, with a full stop; empty at its top
 * @param trialsOfAll how many trials there are where these do not say it: then `instances` alone are enough
 * @throws SPEC_INVALID if they contradict one another, or leave open how many trials there are
 */
export function amountOf(
  { wholeNumber, invalid }: SpecFile,
  given: Record<string, unknown>,
  from: string,
  trialsOfAll?: number,
): TrialAmount | undefined {
  const [trials, instances, each] = AMOUNTS.map((name) =>
    given[name] === undefined ? undefined : wholeNumber(given[name], `${from}${name}`, 1),
  );
  if (each !== undefined && (instances === undefined || trials !== undefined)) {
    throw invalid(
      `${from}trials_each is how many trials each of so many instances has: give instances beside it, and no trials`,
    );
  }
  if (instances !== undefined && each === undefined && trials === undefined && trialsOfAll === undefined) {
    throw invalid(
      `${from}instances is ${instances}: give trials_each, how many trials each has, or trials, how many there are in all`,
    );
  }
  if (instances !== undefined && each !== undefined && instances * each > 0xffffffff)
    throw invalid(`${from}instances times ${from}trials_each is ${instances * each}: give fewer`);
  if (instances !== undefined && each !== undefined) return { trials: instances * each, instances };
  const all = trials ?? (instances === undefined ? undefined : trialsOfAll);
  return all === undefined ? undefined : { trials: all, instances };
}
