/** The statistics of a tournament: everything that its trials say, with how well it is known. */
import { commonOrder } from "./common-order.js";
import { createKernels } from "./kernels.js";
import { meanOf } from "./mean-and-standard-error.js";
import { normalisedScore } from "./normalised-score.js";
import { pairSums } from "./pair-sums.js";
import { pooledScores, TAU } from "./pooled-scores.js";
import { ratings } from "./ratings.js";
import { type Resampling, replicates } from "./resampling.js";
import type { StatisticsOptions, TaskStatistics, TaskTrials, TournamentStatistics } from "./statistics-document.js";
import { type Comparison, taskStatistics } from "./task-statistics.js";

export type * from "./statistics-document.js";

/** Of `TournamentStatistics`. */
const SCHEMA_VERSION = 1;

/**
 * Computes the statistics: a function of its arguments, whatever the machine. Entrants stand in the
 * one order that all tasks keep.
 *
 * Intervals are percentile bootstraps, stratified by task: a resample draws as many trials of each task as it has, with replacement, the
 * same ones for all its entrants (`paired`). Ratings, whose comparisons are of entrants on one trial, are always resampled so.
 *
 * A generator that yields every few milliseconds, for `runInSlices` or `runAtOnce`. Time is linear in resamples x trials x (entrants +
 * compared pairs), memory in all entrants' trials, in entrants x resamples and in compared pairs x (resamples + trials of one task).
 *
 * Source: Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice".
 */
export function* tournamentStatistics(
  tasks: readonly TaskTrials[],
  options: StatisticsOptions,
): Generator<void, TournamentStatistics> {
  const { resamples, seed, paired = true, mostCompared = 20 } = options;
  const resampling: Resampling = { resamples, seed, paired };
  const names = commonOrder(tasks.map(({ entrants }) => entrants.map(({ name }) => name)));
  const compared = bestByScore(tasks, names, mostCompared);
  const pairs = pairSums(resampling);
  const wins = new Map(names.map((name) => [name, replicates(resampling)]));
  const comparison: Comparison = {
    names: new Set(compared),
    addPair: pairs.add,
    addWins: (name, replicate, lanes) => {
      const sums = wins.get(name) as Float64Array;
      for (let lane = 0; lane < lanes.length; lane++) sums[replicate + lane] += lanes[lane];
    },
  };
  const kernels = createKernels();
  const perTask: TaskStatistics[] = [];
  for (const task of tasks) perTask.push(yield* taskStatistics(task, resampling, comparison, kernels));
  const scores = yield* pooledScores(tasks, names, resampling, kernels);
  const rated = yield* ratings(tasks, names, [...wins.values()], resampling);
  return {
    schema_version: SCHEMA_VERSION,
    resamples,
    seed: String(seed),
    paired,
    compared,
    tasks: perTask,
    overall: {
      agents: scores.map(({ name, tasks, score, profile }, i) => ({ name, tasks, score, rating: rated[i], profile })),
      tau: TAU,
      pairs: yield* pairs.statistics(),
    },
  };
}

/** The names with the highest mean scores, best first; equal ones in their order. */
function bestByScore(tasks: readonly TaskTrials[], names: readonly string[], most: number): string[] {
  const scores = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const { uniformRegret, entrants } of tasks) {
    for (const { name, regrets } of entrants) {
      scores.get(name)?.push(normalisedScore(meanOf(regrets), uniformRegret));
    }
  }
  const mean = new Map([...scores].map(([name, values]) => [name, meanOf(values)]));
  return [...names].sort((a, b) => (mean.get(b) as number) - (mean.get(a) as number)).slice(0, most);
}
