import type { ResultsJson } from "#icrl/clients/cli/results.js";
import type {
  Estimated,
  Location,
  ScoreLocation,
  TaskStatistics,
  TournamentStatistics,
} from "#icrl/server/tournaments/statistics/tournament-statistics.js";

const around = (value: number, error: number): Estimated => ({
  value,
  ci95: [value - 1.96 * error, value + 1.96 * error],
});

const location = (mean: number, se: number): Location => ({
  mean: around(mean, se),
  median: around(0.97 * mean, 1.3 * se),
  iqm: around(0.98 * mean, 1.1 * se),
});

const scoreLocation = (mean: number, se: number): ScoreLocation => ({
  ...location(mean, se),
  optimality_gap: around(Math.max(0, 1 - mean), se),
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Tau of the profiles: -0.5 to 1. */
const TAU = Array.from({ length: 76 }, (_, i) => -0.5 + i / 50);

/**
 * Statistics that look like those of the results, as far as its means and standard errors tell: made up beyond these. Uniform play's regret
 * is the largest mean where the results do not say.
 */
export function madeUpStatistics(results: ResultsJson, mostCompared = 20): TournamentStatistics {
  const scores = new Map<string, { score: number; se: number }[]>();
  const tasks = results.tasks.map((task): TaskStatistics => {
    const uniform = task.uniform_regret ?? Math.max(1, ...task.agents.map(({ regret }) => regret.mean));
    for (const { name, regret } of task.agents) {
      const own = scores.get(name) ?? [];
      scores.set(name, [...own, { score: 1 - regret.mean / uniform, se: regret.se / uniform }]);
    }
    const isBandit = task.task.endsWith("bandit");
    return {
      id: task.id,
      trials: results.tournament.trials,
      uniform_regret: uniform,
      agents: task.agents.map(({ name, regret }) => ({
        name,
        regret: location(regret.mean, regret.se),
        score: scoreLocation(1 - regret.mean / uniform, regret.se / uniform),
        ...(isBandit ? { exploration: { suffix_failure: around(0.12, 0.02), min_fraction: around(0.3, 0.03) } } : {}),
      })),
      pairs: [],
    };
  });
  const pooled = results.tournament.agents.map(({ name }) => {
    const own = scores.get(name) ?? [];
    return { name, tasks: own.length, score: mean(own.map(({ score }) => score)), se: mean(own.map(({ se }) => se)) };
  });
  const compared = new Set(
    pooled
      .toSorted((a, b) => b.score - a.score)
      .slice(0, mostCompared)
      .map(({ name }) => name),
  );
  const inOrder = pooled.filter(({ name }) => compared.has(name));
  const pairs = inOrder.flatMap((a, i) => inOrder.slice(i + 1).map((b) => ({ a, b })));
  return {
    schema_version: 1,
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
          const difference = around(x.regret.mean - y.regret.mean, (x.regret.se + y.regret.se) / 2);
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
      agents: pooled.map(({ name, tasks, score, se }) => ({
        name,
        tasks,
        score: scoreLocation(score, se),
        rating: around(400 * (score - 0.5), 800 * se + 4),
        profile: {
          fraction: TAU.map((tau) => 1 / (1 + Math.exp((tau - score) / 0.1))),
          low: TAU.map((tau) => 1 / (1 + Math.exp((tau - score + 2 * se) / 0.1))),
          high: TAU.map((tau) => 1 / (1 + Math.exp((tau - score - 2 * se) / 0.1))),
        },
      })),
      tau: TAU,
      pairs: pairs.map(({ a, b }) => ({
        a: a.name,
        b: b.name,
        probability_of_improvement: around(1 / (1 + Math.exp((b.score - a.score) / 0.1)), 0.02),
        score_difference: around(a.score - b.score, (a.se + b.se) / 2),
      })),
    },
  };
}
