/** What the trials of one task say, and what they add to the comparison of its entrants over all tasks. */

import { meanOf } from "../common/mean-and-standard-error.js";
import { type Slices, workMeter } from "../common/slices.js";
import { winsInTrials } from "./bradley-terry.js";
import { estimated, transformed } from "./estimated.js";
import { type Kernels, LANES } from "./kernels.js";
import { normalisedScore, shareOfUniform } from "./normalised-score.js";
import { comparisonTaker, type Standing, standingAmong } from "./probability-of-improvement.js";
import { rankBy } from "./rank-by.js";
import { type MeanOf, type MeanTaker, meanOfValues, meanTaker } from "./resampled-mean.js";
import { drawnUnits, type Resamples, type Resampling, replicates, resamplesOf, resamplingRng } from "./resampling.js";
import {
  type Cumulated,
  cumulate,
  interquartileMean,
  median,
  roomToCumulate,
  type SortedSample,
  sortedSample,
} from "./sorted-sample.js";
import type { EntrantTrials, Estimated, Location, TaskStatistics, TaskTrials } from "./statistics-document.js";
import { wilsonInterval } from "./wilson.js";

/** What is added up over the tasks: replicates of each pair of `compared` and of each entrant. */
export interface Comparison {
  readonly names: ReadonlySet<string>;
  /** Sets of entrants who are compared with one another alone. */
  readonly groups: readonly ReadonlySet<string>[];
  /** Adds the replicates of a pair on a task of which so many trials, or instances, are resampled. */
  addPair(a: string, b: string, units: number, improvement: Float64Array, scoreDifference: Float64Array): void;
  /** Adds the wins of an entrant within its group, [LANES], in the four replicates from `replicate` on. */
  addWins(name: string, replicate: number, wins: Float64Array): void;
}

/** A statistic with its replicates. */
interface Mean {
  readonly of: MeanOf;
  readonly replicates: Float64Array;
}

interface Entrant {
  readonly name: string;
  readonly forfeits: number;
  readonly resamples: Resamples;
  readonly sample: SortedSample;
  readonly regret: Mean;
  /** Of regrets below 0, which have scores above 1, as 0: what the optimality gap counts. */
  readonly shortfall: Mean;
  readonly medians: Float64Array;
  readonly iqms: Float64Array;
  /** `played`: how many trials, or instances, were played at least once. */
  readonly exploration?: { readonly suffixFailure: Estimated; readonly minFraction: Mean; readonly played: number };
  /** Pairs of which it is `b`. */
  readonly pairs: Pair[];
}

interface Pair {
  readonly a: Entrant;
  readonly b: Entrant;
  readonly standing: Standing;
  readonly improvement: Float64Array;
}

/** Statistics of one task, with the memory of `kernels`, which is given up at the end; adds the comparison of its entrants to `comparison`. */
export function* taskStatistics(
  { id, uniformRegret, instances, entrants: given }: TaskTrials,
  resampling: Resampling,
  comparison: Comparison,
  kernels: Kernels,
): Slices<TaskStatistics> {
  const trials = given[0]?.regrets.length ?? 0;
  const units = drawnUnits(trials, instances);
  const pauseIsDue = workMeter();
  const together = resamplesOf(kernels.floats(LANES * trials), resamplingRng(resampling.seed, id), { instances });
  const entrants: Entrant[] = [];
  for (const one of given) {
    const { seed, paired } = resampling;
    const resamples = paired
      ? together
      : resamplesOf(kernels.floats(LANES * trials), resamplingRng(seed, id, one.name), { instances });
    entrants.push(prepare(one, units, resamples, resampling, kernels));
    if (pauseIsDue(20 * trials)) yield;
  }
  const wins = given.map(() => kernels.floats(trials));
  for (const group of comparison.groups) {
    const members = [...given.keys()].filter((i) => group.has(given[i].name));
    if (members.length < 2) continue;
    for (const [k, values] of winsInTrials(members.map((i) => given[i].regrets)).entries())
      wins[members[k]].set(values);
  }
  const compared = entrants.filter(({ name }) => comparison.names.has(name));
  const pairs: Pair[] = [];
  for (const [i, a] of compared.entries()) {
    for (const b of compared.slice(i + 1)) {
      const pair = { a, b, standing: standingAmong(a.sample, b.sample, kernels), improvement: replicates(resampling) };
      pairs.push(pair);
      b.pairs.push(pair);
      if (pauseIsDue(4 * trials)) yield;
    }
  }

  const room = roomToCumulate(trials, kernels);
  const lanes = kernels.floats(LANES);
  const means = meanTaker(kernels);
  const comparisons = comparisonTaker(kernels);
  for (let first = 0; first <= resampling.resamples; first += LANES) {
    together.next();
    if (!resampling.paired) for (const { resamples } of entrants) resamples.next();
    for (const [i, entrant] of entrants.entries()) {
      takeReplicates(entrant, room, first, means, kernels);
      kernels.sums(wins[i], together.counts, lanes);
      comparison.addWins(entrant.name, first, lanes);
      if (pauseIsDue(8 * trials)) yield;
      for (const pair of entrant.pairs) {
        comparisons.take(pair.standing, pair.a.resamples.counts, room, pair.improvement, first);
        if (pauseIsDue(4 * trials)) yield;
      }
    }
  }

  const estimate = (of: Float64Array, among = units): Estimated => estimated(of, resampling.resamples, among);
  const ranks = new Map(rankBy(entrants, ({ regret }) => regret.replicates[0]).map(({ entry, rank }) => [entry, rank]));
  const agents: TaskStatistics["agents"][number][] = [];
  for (const entrant of entrants) {
    const { name, forfeits, regret, shortfall, medians, iqms, exploration } = entrant;
    const location: Location = {
      mean: estimate(regret.replicates),
      median: estimate(medians),
      iqm: estimate(iqms),
    };
    const toScore = (of: Estimated): Estimated => transformed(of, (x) => normalisedScore(x, uniformRegret));
    const score = {
      mean: toScore(location.mean),
      median: toScore(location.median),
      iqm: toScore(location.iqm),
      optimality_gap: transformed(estimate(shortfall.replicates), (x) => shareOfUniform(x, uniformRegret)),
    };
    const explored = exploration && {
      suffix_failure: exploration.suffixFailure,
      min_fraction: estimate(exploration.minFraction.replicates, exploration.played),
    };
    const rank = ranks.get(entrant) as number;
    agents.push({ name, rank, forfeits, regret: location, score, ...(explored && { exploration: explored }) });
    if (pauseIsDue(50 * resampling.resamples)) yield;
  }
  const differences: TaskStatistics["pairs"][number][] = [];
  for (const { a, b, improvement } of pairs) {
    const difference = a.regret.replicates.map((mean, r) => mean - b.regret.replicates[r]);
    differences.push({
      a: a.name,
      b: b.name,
      probability_of_improvement: improvement[0],
      regret_difference: estimate(difference),
    });
    const score = (of: Entrant, r: number) => normalisedScore(of.regret.replicates[r], uniformRegret);
    const ofScores = difference.map((_, r) => score(a, r) - score(b, r));
    comparison.addPair(a.name, b.name, units, improvement, ofScores);
    if (pauseIsDue(20 * resampling.resamples)) yield;
  }
  kernels.release();
  const shared = instances === undefined ? {} : { instances };
  return { id, trials, ...shared, uniform_regret: uniformRegret, agents, pairs: differences };
}

function prepare(
  { name, forfeits = 0, regrets, suffixFailures, minFractions }: EntrantTrials,
  units: number,
  resamples: Resamples,
  resampling: Resampling,
  kernels: Kernels,
): Entrant {
  const room = () => replicates(resampling);
  const mean = (values: Float64Array): Mean => ({ of: meanOfValues(values, kernels), replicates: room() });
  const regret = mean(regrets);
  const played = suffixFailures?.filter((value) => !Number.isNaN(value)) ?? [];
  const playedUnits = new Set<number>();
  if (suffixFailures !== undefined) {
    for (let t = 0; t < suffixFailures.length; t++) if (!Number.isNaN(suffixFailures[t])) playedUnits.add(t % units);
  }
  const exploration =
    played.length > 0 && minFractions
      ? { suffixFailure: share(played, playedUnits.size), minFraction: mean(minFractions), played: playedUnits.size }
      : undefined;
  return {
    name,
    forfeits,
    resamples,
    sample: sortedSample(regrets, kernels),
    regret,
    shortfall: regrets.some((value) => value < 0) ? mean(regrets.map((value) => Math.max(0, value))) : regret,
    medians: room(),
    iqms: room(),
    pairs: [],
    ...(exploration && { exploration }),
  };
}

/**
 * How many of them are 1. Shapes: values [n], each 0 or 1.
 *
 * @param units trials, or instances, that they are of: the trials of one instance may all be alike, and tell no more than one does then
 */
function share(values: ArrayLike<number>, units: number): Estimated {
  const value = meanOf(values);
  return { value, ci95: wilsonInterval(value, units) };
}

/** The four replicates from `first` on of an entrant's own statistics; `room` then holds its cumulated counts. */
function takeReplicates(entrant: Entrant, room: Cumulated, first: number, means: MeanTaker, kernels: Kernels): void {
  const { sample, regret, shortfall, medians, iqms, exploration } = entrant;
  const { counts } = entrant.resamples;
  const trials = sample.values.length;
  means.take(regret.of, counts, trials, regret.replicates, first);
  if (shortfall !== regret) means.take(shortfall.of, counts, trials, shortfall.replicates, first);
  if (exploration !== undefined) {
    const { of, replicates } = exploration.minFraction;
    means.take(of, counts, trials, replicates, first);
  }
  cumulate(sample, counts, room, kernels);
  for (let lane = 0; lane < LANES; lane++) {
    medians[first + lane] = median(sample, room, lane);
    iqms[first + lane] = interquartileMean(sample, room, lane);
  }
}
