import { type Purpose, type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import type { TrialSource } from "../matches/trial-source.js";

/**
 * The trials of free play: a range of a series, which the envs share; or of a series for each env, as many of each; or explicit seeds.
 */
export function freePlaySource(play: {
  readonly purpose: Purpose;
  readonly seed: bigint;
  readonly taskId: string;
  readonly entrant: string;
  /** How many the series has, each env's own where they have their own; absent: each trial has its own. */
  readonly instances?: number;
  readonly firstTrial: bigint;
  readonly trials: bigint;
  readonly explicitSeeds: readonly TrialSeeds[];
  /** Of the envs' own series; empty where they share one. */
  readonly envSeeds: readonly bigint[];
  /** How many were taken before, of the series or of each env's own. */
  readonly taken?: readonly bigint[];
}): TrialSource {
  const { firstTrial, explicitSeeds } = play;
  const own = play.envSeeds.length > 0;
  const seriesSeeds = own ? play.envSeeds : [play.seed];
  const ofEach = play.trials / BigInt(seriesSeeds.length);
  const taken = seriesSeeds.map((_, i) => play.taken?.[i] ?? 0n);
  let remaining = taken.reduce((left, count) => left - count, play.trials);
  return {
    get remaining() {
      return remaining;
    },
    take(n) {
      const series = own ? n : 0;
      const number = taken[series];
      if (number === ofEach) return undefined;
      taken[series] += 1n;
      remaining -= 1n;
      const trialIndex = firstTrial + number;
      if (explicitSeeds.length > 0) return { trialIndex, seeds: explicitSeeds[Number(number)] };
      const seed = seriesSeeds[series];
      return { trialIndex, seeds: trialSeeds({ ...play, seed }, trialIndex), seriesSeed: seed };
    },
    stepped() {},
    done() {},
  };
}
