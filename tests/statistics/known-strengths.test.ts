import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { tournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import { drawTournament } from "../support/known-strengths.js";

test("the order of entrants whose strengths are known is found, by every measure", () => {
  // Neighbours differ by 0.5: of 2 x 400 trials the mean of the paired difference has standard error sqrt(2 / 800) = 0.05.
  const tasks = drawTournament([0.5, 2, 0, 1.5, 1], 2, 400, rngFromSeed(1n));
  const { overall } = runAtOnce(tournamentStatistics(tasks, { resamples: 200, seed: 1n }));
  const order = ["entrant-2", "entrant-0", "entrant-4", "entrant-3", "entrant-1"];
  const by = (measure: (agent: (typeof overall.agents)[number]) => number) =>
    overall.agents.toSorted((x, y) => measure(y) - measure(x)).map(({ name }) => name);
  expect(by(({ score }) => score.mean.value)).toEqual(order);
  expect(by(({ score }) => score.median.value)).toEqual(order);
  expect(by(({ score }) => score.iqm.value)).toEqual(order);
  expect(by(({ score }) => -score.optimality_gap.value)).toEqual(order);
  expect(by(({ rating }) => rating?.value as number)).toEqual(order);
  for (const { a, b, score_difference, probability_of_improvement } of overall.pairs) {
    const better = order.indexOf(a) < order.indexOf(b) ? 1 : -1;
    expect(Math.sign(score_difference.ci95?.[0] as number), `${a} - ${b}`).toBe(better);
    expect(Math.sign(score_difference.ci95?.[1] as number), `${a} - ${b}`).toBe(better);
    expect(Math.sign(probability_of_improvement.value - 0.5)).toBe(better);
  }
});
