/**
 * What a tournament's trials say of its entrants, as numbers one can publish: statistics.json, which docs/results.md describes. A
 * field is never renamed or given another meaning within one `schema_version`.
 */

/** Trials of one task. All entrants met the same trials: entry i of every array is trial i. */
export interface TaskTrials {
  readonly id: string;
  /** Exact mean regret of uniform play over these trials: what the normalised score 0 stands for. */
  readonly uniformRegret: number;
  /** How many instances the trials take in turn, trial t instance t modulo so many: a divisor of their number. Absent: each trial has its own. */
  readonly instances?: number | undefined;
  readonly entrants: readonly EntrantTrials[];
}

/** One entrant's trials of a task. */
export interface EntrantTrials {
  readonly name: string;
  /** How many of its trials were forfeited; absent: none. */
  readonly forfeits?: number;
  /** Pseudo-regret of each trial, [trials]; uniform play's for a forfeited one. */
  readonly regrets: Float64Array;
  /**
   * Of bandits with fixed arms: whether no best arm was played in the second half of the trial, 0 or 1, [trials]; NaN where the trial
   * was forfeited.
   */
  readonly suffixFailures?: Float64Array;
  /** Of bandits with fixed arms: K * MinFrac, the number of arms times the share of the least played arm, in [0, 1], [trials]; NaN where forfeited. */
  readonly minFractions?: Float64Array;
}

/**
 * A value and its 95 % interval: percentile bootstrap, trials resampled within tasks; of shares Wilson's. null where a task has fewer than
 * two trials: one does not tell how far another would lie from it. Of a task whose trials share instances these are resampled, each with
 * all its trials, and count in the place of trials: trials of one instance are not independent of each other.
 */
export interface Estimated {
  readonly value: number;
  readonly ci95: readonly [low: number, high: number] | null;
}

/** Location of the trials of a task. */
export interface Location {
  readonly mean: Estimated;
  readonly median: Estimated;
  /** Mean of the middle half of the trials. */
  readonly iqm: Estimated;
}

/**
 * Location of normalised scores, 1 - regret / uniform play's mean regret: 0 is uniform play's, 1 is no regret. Over all tasks, the mean is that of the
 * tasks' means, the median the median of the tasks' means, and the middle half that of all runs of all tasks, as rliable has them.
 */
export interface ScoreLocation extends Location {
  /** Mean of max(0, 1 - score). */
  readonly optimality_gap: Estimated;
}

/** How two entrants compare on the trials of the tasks that both play; `a` stands before `b` in the tournament. */
export interface PairStatistics {
  readonly a: string;
  readonly b: string;
  /**
   * Probability that a run of `a` is better than a run of `b`, ties counted half; the mean over tasks. Its interval reaches as far at least as
   * that of as many trials that were all won, or all lost.
   */
  readonly probability_of_improvement: Estimated;
  /** Mean over tasks of the mean difference of the normalised scores on the same trial, a - b: above 0 where `a` is better. */
  readonly score_difference: Estimated;
}

/** One task. */
export interface TaskStatistics {
  readonly id: string;
  readonly trials: number;
  /** Only where the trials share so many instances. */
  readonly instances?: number;
  readonly uniform_regret: number;
  readonly agents: readonly {
    readonly name: string;
    /** From 1, by mean regret; equal means share a rank. */
    readonly rank: number;
    /** Trials that were forfeited: each counts as uniform play's exact regret. */
    readonly forfeits: number;
    readonly regret: Location;
    readonly score: ScoreLocation;
    /** Only for bandits with fixed arms, and where not every trial was forfeited. Source: Krishnamurthy et al. (2024). */
    readonly exploration?: { readonly suffix_failure: Estimated; readonly min_fraction: Estimated };
  }[];
  /** Differences of regret on the same trials, a - b: below 0 where `a` is better; among the entrants of `compared`. */
  readonly pairs: readonly {
    readonly a: string;
    readonly b: string;
    readonly probability_of_improvement: number;
    readonly regret_difference: Estimated;
  }[];
}

/** All tasks together, each with the same weight. */
export interface OverallStatistics {
  /** Entrants that play the same tasks: larger groups first. Scores, ranks and ratings of different groups are not comparable. */
  readonly groups: readonly {
    /** Ids of the tasks that all of them play. */
    readonly tasks: readonly string[];
    /** By mean score, the best first. */
    readonly agents: readonly string[];
  }[];
  /** In the order of the tournament, as far as the tasks tell it. */
  readonly agents: readonly {
    readonly name: string;
    /** Number of tasks it plays. */
    readonly tasks: number;
    /** Trials of all of these, and how many of them were forfeited. */
    readonly trials: number;
    readonly forfeits: number;
    /** From 1, by mean score, among those that play the same tasks; equal means share a rank. Null where nobody else plays the same. */
    readonly rank: number | null;
    readonly score: ScoreLocation;
    /**
     * Bradley-Terry rating on Elo's scale (400 points are odds of 10 to 1) from all trials of all tasks, among those that play the same tasks, mean 0
     * over these. Each has half a win and half a loss against an opponent of strength 0 beside its trials, so that it is finite for who won or
     * lost everything. Null where nobody else plays the same tasks.
     */
    readonly rating: Estimated | null;
    /** Performance profile: share of the runs whose score is above each `tau`; its band is Wilson's, null where a task has fewer than two trials. */
    readonly profile: {
      readonly fraction: readonly number[];
      readonly low: readonly number[] | null;
      readonly high: readonly number[] | null;
    };
  }[];
  /** Scores at which profiles are given, ascending. */
  readonly tau: readonly number[];
  readonly pairs: readonly PairStatistics[];
}

/** The whole document. */
export interface TournamentStatistics {
  readonly schema_version: number;
  readonly resamples: number;
  /** Seed of the resampling, a uint64 in decimal. */
  readonly seed: string;
  /** Whether a resample takes the same trials of all entrants. */
  readonly paired: boolean;
  /**
   * Entrants that are compared in pairs, on the tasks that both play: the best by mean score of each group, then the second best of each, and so
   * on; at most a stated number, so that nothing grows with the square of the entrants.
   */
  readonly compared: readonly string[];
  readonly tasks: readonly TaskStatistics[];
  readonly overall: OverallStatistics;
}

/** How the statistics are drawn. */
export interface StatisticsOptions {
  /** Resamples behind each interval; `DEFAULT_RESAMPLES` is usual. */
  readonly resamples: number;
  readonly seed: bigint;
  /** Default true. False resamples each entrant's trials by themselves, as rliable does. */
  readonly paired?: boolean;
  /** Most entrants that are compared in pairs; default 20. */
  readonly mostCompared?: number;
}
