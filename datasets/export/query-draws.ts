/** Which steps of a trial are asked about, in the formats of the Decision-Pretrained Transformer. */
import { rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import type { FlatTrial } from "./flatten-trial.js";
import type { Trial } from "./read-trials.js";

/** What is drawn, as options of those formats. */
export const QUERY_OPTIONS = {
  queries: { kind: "count", default: 1, help: "queries drawn from each trial" },
  seed: { kind: "seed", default: 0n, help: "seed of the draws" },
} as const;

/**
 * Makes the function that draws a trial's queries one after the other: steps that have a label, all equally likely. The draws are a function of
 * (seed, trial). Undefined where no step has one.
 */
export function queryDraws(
  seed: bigint,
  { episodes }: Trial,
  { length, labelActions }: FlatTrial,
): (() => number) | undefined {
  const rng = rngFromSeed(hash64(["icrl.v1", "dpt", String(seed), episodes[0].row.trial_id]));
  const labelled: number[] = [];
  if (labelActions?.some((action) => action < 0)) {
    for (let at = 0; at < length; at += 1) if (labelActions[at] >= 0) labelled.push(at);
  } else return length === 0 ? undefined : () => rng.integer(length);
  return labelled.length === 0 ? undefined : () => labelled[rng.integer(labelled.length)];
}
