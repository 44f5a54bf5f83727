/**
 * Normalised scores of all tasks that an entrant plays, pooled so that each task has the same weight. Resamples are of each task's trials,
 * as many as it has.
 *
 * Source: Agarwal et al. (2021), section 4; rliable 1.2 gives the same values where all tasks have the same number of trials.
 * Differs: the bands of profiles are Wilson intervals of shares, where rliable's are resampled and have no width where all trials agree.
 */

import { type Slices, workMeter } from "../common/slices.js";
import { estimated } from "./estimated.js";
import { type Kernels, LANES } from "./kernels.js";
import { normalisedScore, shareOfUniform } from "./normalised-score.js";
import { type MeanOf, type MeanTaker, meanOfValues, meanTaker } from "./resampled-mean.js";
import { drawnUnits, type Resamples, type Resampling, replicates, resamplesOf, resamplingRng } from "./resampling.js";
import {
  type Cumulated,
  cumulate,
  interquartileMean,
  roomToCumulate,
  type SortedSample,
  sortedSample,
} from "./sorted-sample.js";
import type { Estimated, OverallStatistics, ScoreLocation, TaskTrials } from "./statistics-document.js";
import { wilsonInterval } from "./wilson.js";

/** Scores at which profiles are given: 0, 0.01, ..., 1. */
export const TAU: readonly number[] = Array.from({ length: 101 }, (_, i) => i / 100);

/** Entrants that are taken at a time. */
const CHUNK = 40;

/** What is said of an entrant's scores on all its tasks. */
export type PooledScores = Pick<OverallStatistics["agents"][number], "score" | "profile">;

/** An entrant's trials of one task. */
interface Part {
  /** Trials, or instances, that are resampled. */
  readonly units: number;
  readonly uniformRegret: number;
  readonly regret: MeanOf;
  readonly shortfall: MeanOf;
  /** The task's counts, [trials, LANES], within those of all tasks. */
  readonly counts: Float64Array;
}

interface Entrant {
  readonly parts: readonly Part[];
  readonly sample: SortedSample;
  /** Of each tau, LANES times the number of scores that are not above it. */
  readonly notAbove: readonly number[];
  readonly means: Float64Array;
  readonly medians: Float64Array;
  readonly iqms: Float64Array;
  readonly gaps: Float64Array;
  /** Shares of the runs that score above each tau, once they are counted. */
  profile: readonly number[];
}

/**
 * Pooled scores of each entrant, in the order of `names`. Entrants are taken a few at a time, for which the tasks are resampled anew: so
 * memory stays linear in the number of trials, whatever the number of resamples.
 */
export function* pooledScores(
  tasks: readonly TaskTrials[],
  names: readonly string[],
  resampling: Resampling,
  kernels: Kernels,
): Slices<PooledScores[]> {
  const chunk = resampling.paired ? CHUNK : 1;
  const pooled: PooledScores[] = [];
  for (let first = 0; first < names.length; first += chunk) {
    pooled.push(...(yield* pooledScoresOf(tasks, names.slice(first, first + chunk), resampling, kernels)));
    kernels.release();
  }
  return pooled;
}

/** Pooled scores of some entrants; of one, where they are resampled apart. */
function* pooledScoresOf(
  allTasks: readonly TaskTrials[],
  names: readonly string[],
  resampling: Resampling,
  kernels: Kernels,
): Slices<PooledScores[]> {
  const tasks = allTasks.filter(({ entrants }) => entrants.some(({ name }) => names.includes(name)));
  const sizes = tasks.map(({ entrants }) => entrants[0].regrets.length);
  const most = Math.max(...sizes);
  const counts = kernels.floats(LANES * sizes.reduce((sum, size) => sum + size, 0));
  const resamples: Resamples[] = [];
  for (const [t, { id, instances }] of tasks.entries()) {
    const begin = resamples.reduce((sum, { counts }) => sum + counts.length, 0);
    const rng = resamplingRng(resampling.seed, id, resampling.paired ? undefined : names[0]);
    const drawing = { weight: most / sizes[t], instances };
    resamples.push(resamplesOf(counts.subarray(begin, begin + LANES * sizes[t]), rng, drawing));
  }
  const pauseIsDue = workMeter();
  const entrants: Entrant[] = [];
  for (const name of names) {
    const entrant = prepare(name, tasks, resamples, resampling, kernels);
    entrants.push(entrant);
    if (pauseIsDue(20 * entrant.sample.values.length)) yield;
  }
  const room = roomToCumulate(Math.max(...entrants.map(({ sample }) => sample.values.length)), kernels);
  const means = meanTaker(kernels);
  for (let first = 0; first <= resampling.resamples; first += LANES) {
    for (const { next, counts } of resamples) {
      next();
      if (pauseIsDue(counts.length)) yield;
    }
    for (const entrant of entrants) {
      takeLocations(entrant, most, first, means);
      cumulate(entrant.sample, counts, room, kernels);
      takeDistribution(entrant, room, first);
      if (pauseIsDue(8 * entrant.sample.values.length)) yield;
    }
  }
  const pooled: PooledScores[] = [];
  for (const entrant of entrants) {
    pooled.push(summary(entrant, resampling));
    yield;
  }
  return pooled;
}

function prepare(
  name: string,
  tasks: readonly TaskTrials[],
  resamples: readonly Resamples[],
  resampling: Resampling,
  kernels: Kernels,
): Entrant {
  const parts: Part[] = [];
  const scores: number[] = [];
  const places: number[] = [];
  const begin = resamples[0].counts.byteOffset;
  for (const [t, { uniformRegret, instances, entrants }] of tasks.entries()) {
    const regrets = entrants.find((entrant) => entrant.name === name)?.regrets;
    if (regrets === undefined) continue;
    const { counts } = resamples[t];
    const regret = meanOfValues(regrets, kernels);
    const shortfall = regrets.some((value) => value < 0)
      ? meanOfValues(
          regrets.map((x) => Math.max(0, x)),
          kernels,
        )
      : regret;
    parts.push({ units: drawnUnits(regrets.length, instances), uniformRegret, regret, shortfall, counts });
    for (let i = 0; i < regrets.length; i++) {
      scores.push(normalisedScore(regrets[i], uniformRegret));
      places.push((counts.byteOffset - begin) / counts.BYTES_PER_ELEMENT + LANES * i);
    }
  }
  const sample = sortedSample(Float64Array.from(scores), kernels, (i) => places[i]);
  return {
    parts,
    sample,
    notAbove: TAU.map((tau) => LANES * countNotAbove(sample.values, tau)),
    means: replicates(resampling),
    medians: replicates(resampling),
    iqms: replicates(resampling),
    gaps: replicates(resampling),
    profile: [],
  };
}

/** Number of ascending values that are not above tau. */
function countNotAbove(ascending: Float64Array, tau: number): number {
  const above = ascending.findIndex((value) => value > tau);
  return above === -1 ? ascending.length : above;
}

const lanes = new Float64Array(LANES);

/** Means of tasks, and of these mean and median. `drawn` is the weight of a task's resample. */
function takeLocations({ parts, means, medians, gaps }: Entrant, drawn: number, first: number, taker: MeanTaker): void {
  const scores = Array.from({ length: LANES }, () => new Float64Array(parts.length));
  const lost = new Float64Array(LANES);
  for (const [t, { uniformRegret, regret, shortfall, counts }] of parts.entries()) {
    taker.take(regret, counts, drawn, lanes);
    for (let lane = 0; lane < LANES; lane++) scores[lane][t] = normalisedScore(lanes[lane], uniformRegret);
    if (shortfall !== regret) taker.take(shortfall, counts, drawn, lanes);
    for (let lane = 0; lane < LANES; lane++) lost[lane] += shareOfUniform(lanes[lane], uniformRegret);
  }
  for (let lane = 0; lane < LANES; lane++) {
    means[first + lane] = scores[lane].reduce((sum, score) => sum + score, 0) / parts.length;
    gaps[first + lane] = lost[lane] / parts.length;
    const sorted = scores[lane].sort();
    medians[first + lane] = (sorted[(parts.length - 1) >> 1] + sorted[parts.length >> 1]) / 2;
  }
}

/** Middle half of all runs; and of the data themselves, which stand first, the profile. */
function takeDistribution(entrant: Entrant, cumulated: Cumulated, first: number): void {
  const { sample, notAbove, iqms } = entrant;
  for (let lane = 0; lane < LANES; lane++) iqms[first + lane] = interquartileMean(sample, cumulated, lane);
  if (first > 0) return;
  const total = cumulated.counts[LANES * sample.values.length];
  entrant.profile = notAbove.map((at) => (total - cumulated.counts[at]) / total);
}

function summary({ parts, means, medians, iqms, gaps, profile }: Entrant, resampling: Resampling): PooledScores {
  const fewest = Math.min(...parts.map(({ units }) => units));
  const estimate = (of: Float64Array): Estimated => estimated(of, resampling.resamples, fewest);
  const score: ScoreLocation = {
    mean: estimate(means),
    median: estimate(medians),
    iqm: estimate(iqms),
    optimality_gap: estimate(gaps),
  };
  // As many as there are where all tasks have equally many. Source: Kish (1965), "Survey Sampling", section 11.7.
  const runs = parts.length ** 2 / parts.reduce((sum, { units }) => sum + 1 / units, 0);
  const bands = fewest < 2 ? null : profile.map((share) => wilsonInterval(share, runs) as readonly [number, number]);
  return {
    score,
    profile: {
      fraction: profile,
      low: bands?.map(([low]) => low) ?? null,
      high: bands?.map(([, high]) => high) ?? null,
    },
  };
}
