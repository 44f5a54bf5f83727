import type { ResultsJson } from "#icrl/jobs/tournament/results.js";
import { rankBy } from "#icrl/statistics/rank-by.js";
import type {
  Estimated,
  Location,
  ScoreLocation,
  TaskStatistics,
  TournamentStatistics,
} from "#icrl/statistics/tournament-statistics.js";

/** An error of null, of one trial, has no interval. */
const around = (value: number, error: number | null): Estimated => ({
  value,
  ci95: error === null ? null : [value - 1.96 * error, value + 1.96 * error],
});

const times = (factor: number, se: number | null) => (se === null ? null : factor * se);

const location = (mean: number, se: number | null): Location => ({
  mean: around(mean, se),
  median: around(0.97 * mean, times(1.3, se)),
  iqm: around(0.98 * mean, times(1.1, se)),
});

const scoreLocation = (mean: number, se: number | null): ScoreLocation => ({
  ...location(mean, se),
  optimality_gap: around(Math.max(0, 1 - mean), se),
});

const half = (a: number | null, b: number | null) => (a === null || b === null ? null : (a + b) / 2);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Tau of the profiles: -0.5 to 1. */
const TAU = Array.from({ length: 76 }, (_, i) => -0.5 + i / 50);

/**
 * Statistics that look like those of the results, as far as its means and standard errors tell: made up beyond these. Uniform play's regret
 * is the largest mean where the results do not say.
 */
export function madeUpStatistics(results: ResultsJson, mostCompared = 20): TournamentStatistics {
  const scores = new Map<
    string,
    { task: string; trials: number; forfeits: number; score: number; se: number | null }[]
  >();
  const tasks = results.tasks.map((task): TaskStatistics => {
    const uniform = task.uniform_regret ?? Math.max(1, ...task.agents.map(({ regret }) => regret.mean));
    for (const { name, trials, forfeits, regret } of task.agents) {
      const own = scores.get(name) ?? [];
      const score = { score: 1 - regret.mean / uniform, se: times(1 / uniform, regret.se) };
      scores.set(name, [...own, { task: task.id, trials, forfeits, ...score }]);
    }
    const ranks = new Map(rankBy(task.agents, ({ regret }) => regret.mean).map(({ entry, rank }) => [entry, rank]));
    const isBandit = task.task.endsWith("bandit");
    return {
      id: task.id,
      trials: results.tournament.trials,
      uniform_regret: uniform,
      agents: task.agents.map((agent) => ({
        name: agent.name,
        rank: ranks.get(agent) as number,
        forfeits: agent.forfeits,
        regret: location(agent.regret.mean, agent.regret.se),
        score: scoreLocation(1 - agent.regret.mean / uniform, times(1 / uniform, agent.regret.se)),
        ...(isBandit ? { exploration: { suffix_failure: around(0.12, 0.02), min_fraction: around(0.3, 0.03) } } : {}),
      })),
      pairs: [],
    };
  });
  const pooled = results.tournament.agents.map(({ name }) => {
    const own = scores.get(name) ?? [];
    return {
      name,
      tasks: own.map(({ task }) => task),
      trials: own.reduce((sum, { trials }) => sum + trials, 0),
      forfeits: own.reduce((sum, { forfeits }) => sum + forfeits, 0),
      score: mean(own.map(({ score }) => score)),
      se: own.some(({ se }) => se === null) ? null : mean(own.map(({ se }) => se as number)),
    };
  });
  const byTasks = new Map<string, typeof pooled>();
  for (const one of pooled) {
    const key = JSON.stringify(one.tasks);
    byTasks.set(key, [...(byTasks.get(key) ?? []), one]);
  }
  const groups = [...byTasks.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((members) => ({ tasks: members[0].tasks, ranked: rankBy(members, ({ score }) => -score) }));
  const rankOf = new Map(
    groups.flatMap(({ ranked }) => ranked.map(({ entry, rank }) => [entry, ranked.length > 1 ? rank : null])),
  );
  const compared = new Set(
    pooled
      .toSorted((a, b) => b.score - a.score)
      .slice(0, mostCompared)
      .map(({ name }) => name),
  );
  const inOrder = pooled.filter(({ name }) => compared.has(name));
  const pairs = inOrder.flatMap((a, i) => inOrder.slice(i + 1).map((b) => ({ a, b })));
  return {
    schema_version: 2,
    resamples: 2000,
    seed: results.tournament.seed,
    paired: true,
    compared: inOrder.map(({ name }) => name),
    tasks: tasks.map((task, t) => {
      const byName = new Map(results.tasks[t].agents.map((agent) => [agent.name, agent]));
      return {
        ...task,
        pairs: pairs.flatMap(({ a, b }) => {
          const [x, y] = [byName.get(a.name), byName.get(b.name)];
          if (x === undefined || y === undefined) return [];
          const difference = around(x.regret.mean - y.regret.mean, half(x.regret.se, y.regret.se));
          return [
            {
              a: a.name,
              b: b.name,
              probability_of_improvement: difference.value < 0 ? 0.7 : 0.3,
              regret_difference: difference,
            },
          ];
        }),
      };
    }),
    overall: {
      groups: groups.map(({ tasks, ranked }) => ({ tasks, agents: ranked.map(({ entry }) => entry.name) })),
      agents: pooled.map((entrant) => {
        const { name, tasks, trials, forfeits, score, se } = entrant;
        const rank = rankOf.get(entrant) ?? null;
        const above = (shift: number) => TAU.map((tau) => 1 / (1 + Math.exp((tau - score - shift) / 0.1)));
        return {
          name,
          tasks: tasks.length,
          trials,
          forfeits,
          rank,
          score: scoreLocation(score, se),
          rating: rank === null ? null : around(400 * (score - 0.5), se === null ? null : 800 * se + 4),
          profile: {
            fraction: above(0),
            low: se === null ? null : above(-2 * se),
            high: se === null ? null : above(2 * se),
          },
        };
      }),
      tau: TAU,
      pairs: pairs.map(({ a, b }) => ({
        a: a.name,
        b: b.name,
        probability_of_improvement: around(1 / (1 + Math.exp((b.score - a.score) / 0.1)), 0.02),
        score_difference: around(a.score - b.score, half(a.se, b.se)),
      })),
    },
  };
}
