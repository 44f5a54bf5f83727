/** What tests/python/make_statistics_fixture.py writes: a small tournament, and what scipy and rliable say of it. */
import type { TaskTrials } from "#icrl/statistics/tournament-statistics.js";

interface LocationFixture {
  readonly mean: number;
  readonly median: number;
  readonly iqm: number;
}

interface ScoreFixture extends LocationFixture {
  readonly optimality_gap: number;
}

/** The document. NaN is null. */
export interface StatisticsFixture {
  readonly tau: readonly number[];
  readonly tasks: readonly {
    readonly id: string;
    readonly uniform_regret: number;
    readonly entrants: readonly {
      readonly name: string;
      readonly regrets: readonly number[];
      readonly suffix_failures: readonly (number | null)[];
      readonly min_fractions: readonly (number | null)[];
      readonly expected: {
        readonly regret: LocationFixture;
        readonly score: ScoreFixture;
        readonly suffix_failure: number;
        readonly min_fraction: number;
      };
    }[];
    readonly pairs: readonly {
      readonly a: string;
      readonly b: string;
      readonly probability_of_improvement: number;
      readonly regret_difference: number;
    }[];
  }[];
  readonly overall: {
    readonly agents: readonly {
      readonly name: string;
      readonly score: ScoreFixture;
      readonly rating: number;
      readonly profile: readonly number[];
    }[];
    readonly pairs: readonly {
      readonly a: string;
      readonly b: string;
      readonly probability_of_improvement: number;
      readonly score_difference: number;
    }[];
  };
}

/** The trials of the fixture, as the statistics take them. */
export function trialsOf({ tasks }: StatisticsFixture): TaskTrials[] {
  const numbers = (values: readonly (number | null)[]) => Float64Array.from(values, (value) => value ?? Number.NaN);
  return tasks.map(({ id, uniform_regret, entrants }) => ({
    id,
    uniformRegret: uniform_regret,
    entrants: entrants.map(({ name, regrets, suffix_failures, min_fractions }) => ({
      name,
      regrets: numbers(regrets),
      suffixFailures: numbers(suffix_failures),
      minFractions: numbers(min_fractions),
    })),
  }));
}
