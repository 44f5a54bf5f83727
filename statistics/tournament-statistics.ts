/** The statistics of a tournament: everything that its trials say, with how well it is known. */
import type { Slices } from "../common/slices.js";
import { commonOrder } from "./common-order.js";
import { bestOfGroups, comparableGroups } from "./comparable-groups.js";
import { createKernels } from "./kernels.js";
import { pairSums } from "./pair-sums.js";
import { pooledScores, TAU } from "./pooled-scores.js";
import { ratings } from "./ratings.js";
import { type Resampling, replicates } from "./resampling.js";
import type {
  Estimated,
  StatisticsOptions,
  TaskStatistics,
  TaskTrials,
  TournamentStatistics,
} from "./statistics-document.js";
import { type Comparison, taskStatistics } from "./task-statistics.js";

export type * from "./statistics-document.js";

/** Of `TournamentStatistics`. */
const SCHEMA_VERSION = 2;

/**
 * Computes the statistics: a function of its arguments, whatever the machine. Entrants stand in the
 * one order that all tasks keep.
 *
 * Intervals are percentile bootstraps, stratified by task: a resample draws as many trials of each task as it has, with replacement, the
 * same ones for all its entrants (`paired`), so that equal trials have equal intervals. Ratings, whose comparisons are of entrants on one
 * trial, are always resampled so. Intervals of shares are Wilson's. Where the trials of a task share instances, resamples are of instances,
 * each with all its trials, and Wilson's intervals are of as many trials as there are instances.
 *
 * A generator that yields every few milliseconds, for `runInSlices` or `runAtOnce`. Time is linear in resamples x trials x (entrants +
 * compared pairs), memory in all entrants' trials, in entrants x resamples and in compared pairs x (resamples + trials of one task).
 *
 * Source: Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice".
 */
export function* tournamentStatistics(
  tasks: readonly TaskTrials[],
  options: StatisticsOptions,
): Slices<TournamentStatistics> {
  const { resamples, seed, paired = true, mostCompared = 20 } = options;
  const resampling: Resampling = { resamples, seed, paired };
  const names = commonOrder(tasks.map(({ entrants }) => entrants.map(({ name }) => name)));
  const groups = comparableGroups(tasks, names);
  const compared = bestOfGroups(groups, mostCompared);
  const pairs = pairSums(resampling);
  const wins = new Map(names.map((name) => [name, replicates(resampling)]));
  const comparison: Comparison = {
    names: new Set(compared),
    groups: groups.map(({ ranked }) => new Set(ranked.map(({ entry }) => entry))),
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
  const rated = new Map<string, Estimated>();
  for (const group of groups) {
    for (const [name, rating] of yield* ratings(group, wins, resampling)) rated.set(name, rating);
  }
  const places = new Map(
    groups.flatMap((group) => group.ranked.map(({ entry, rank }) => [entry, { group, rank }] as const)),
  );
  const forfeits = new Map<string, number>();
  for (const { name, forfeits: own } of perTask.flatMap(({ agents }) => agents)) {
    forfeits.set(name, (forfeits.get(name) ?? 0) + own);
  }
  return {
    schema_version: SCHEMA_VERSION,
    resamples,
    seed: String(seed),
    paired,
    compared,
    tasks: perTask,
    overall: {
      groups: groups.map(({ tasks, ranked }) => ({
        tasks: tasks.map(({ id }) => id),
        agents: ranked.map(({ entry }) => entry),
      })),
      agents: names.map((name, i) => {
        const { group, rank } = places.get(name) as NonNullable<ReturnType<typeof places.get>>;
        return {
          name,
          tasks: group.tasks.length,
          trials: group.tasks.reduce((sum, { entrants }) => sum + entrants[0].regrets.length, 0),
          forfeits: forfeits.get(name) as number,
          rank: group.ranked.length > 1 ? rank : null,
          score: scores[i].score,
          rating: rated.get(name) ?? null,
          profile: scores[i].profile,
        };
      }),
      tau: TAU,
      pairs: yield* pairs.statistics(),
    },
  };
}
