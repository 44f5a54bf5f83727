import { expect } from "vitest";
import type { Estimated, TournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import type { StatisticsFixture } from "./statistics-fixture.js";

/** Holds all point values against the fixture's, to 1e-9 (ratings to 1e-6 points). Each must lie in its interval. */
export function expectPointValues(statistics: TournamentStatistics, fixture: StatisticsFixture): void {
  const close = (value: number, expected: number, what: string, within = 1e-9) => {
    expect(Math.abs(value - expected), `${what}: ${value}, expected ${expected}`).toBeLessThan(within);
  };
  const holds = ({ value, ci95 }: Estimated, expected: number, what: string, within?: number) => {
    close(value, expected, what, within);
    const [low, high] = ci95 as readonly [number, number];
    expect(low, what).toBeLessThanOrEqual(high);
  };
  const all = (estimates: object, expected: object, what: string) => {
    expect(Object.keys(estimates).sort()).toEqual(Object.keys(expected).sort());
    const given = estimates as Record<string, Estimated>;
    for (const [name, value] of Object.entries(expected)) holds(given[name], value, `${name} of ${what}`);
  };
  for (const [t, task] of fixture.tasks.entries()) {
    const { agents, pairs } = statistics.tasks[t];
    for (const [i, { name, expected }] of task.entrants.entries()) {
      const what = `${name} on ${task.id}`;
      all(agents[i].regret, expected.regret, `the regret of ${what}`);
      all(agents[i].score, expected.score, `the score of ${what}`);
      const { suffix_failure, min_fraction } = expected;
      all(agents[i].exploration as object, { suffix_failure, min_fraction }, what);
    }
    expect(pairs.map(({ a, b }) => [a, b])).toEqual(task.pairs.map(({ a, b }) => [a, b]));
    for (const [i, { a, b, probability_of_improvement, regret_difference }] of task.pairs.entries()) {
      close(pairs[i].probability_of_improvement, probability_of_improvement, `${a} against ${b} on ${task.id}`);
      holds(pairs[i].regret_difference, regret_difference, `${a} - ${b} on ${task.id}`);
    }
  }
  const { agents, pairs, tau } = statistics.overall;
  expect(tau).toEqual(fixture.tau);
  for (const [i, { name, score, rating, profile }] of fixture.overall.agents.entries()) {
    expect(agents[i].name).toBe(name);
    all(agents[i].score, score, `the score of ${name}`);
    holds(agents[i].rating as Estimated, rating, `the rating of ${name}`, 1e-6);
    for (const [k, share] of profile.entries()) close(agents[i].profile.fraction[k], share, `${name} above ${tau[k]}`);
  }
  for (const [i, { a, b, probability_of_improvement, score_difference }] of fixture.overall.pairs.entries()) {
    expect([pairs[i].a, pairs[i].b]).toEqual([a, b]);
    holds(pairs[i].probability_of_improvement, probability_of_improvement, `${a} against ${b}`);
    holds(pairs[i].score_difference, score_difference, `${a} - ${b}`);
  }
}
