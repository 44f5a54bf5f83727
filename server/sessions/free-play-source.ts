import { type Purpose, type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import type { TrialSource } from "../matches/trial-source.js";

/** The trials of free play: a range of a series, or explicit seeds. */
export function freePlaySource(play: {
  readonly purpose: Purpose;
  readonly seed: bigint;
  readonly taskId: string;
  readonly entrant: string;
  readonly firstTrial: bigint;
  readonly trials: bigint;
  readonly explicitSeeds: readonly TrialSeeds[];
  /** How many were taken before. */
  readonly taken?: readonly bigint[];
}): TrialSource {
  let taken = play.taken?.[0] ?? 0n;
  return {
    get remaining() {
      return play.trials - taken;
    },
    take() {
      if (taken === play.trials) return undefined;
      const trialIndex = play.firstTrial + taken;
      const given = play.explicitSeeds.at(Number(taken));
      taken += 1n;
      if (given !== undefined) return { trialIndex, seeds: given };
      return { trialIndex, seeds: trialSeeds(play, trialIndex), seriesSeed: play.seed };
    },
    stepped() {},
    done() {},
  };
}
