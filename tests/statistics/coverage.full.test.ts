import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { type Estimated, tournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import { drawTournament, trueImprovement, trueMean, trueRatings, UNIFORM } from "../support/known-strengths.js";

test("paired intervals hold the truth 95 times in 100", () => {
  // Of 60 normal values a percentile interval is 1.96 sqrt(59 / 60) standard errors to either side, which t with 59 degrees of freedom
  // leaves out 5.6 times in 100, and of 400 resamples slightly more often: about 94 are expected. 400 repetitions have a standard error of
  // 1.2, or less where several intervals of each are counted; 3.3 of these are allowed.
  const repetitions = 400;
  const trials = 60;
  const offsets = [0, 0.3, 0.8];
  const ratings = trueRatings(offsets, 2 * trials);
  const held = new Map<string, boolean[]>();
  const count = (what: string, { ci95 }: Estimated, truth: number) => {
    const [low, high] = ci95 as readonly [number, number];
    held.set(what, [...(held.get(what) ?? []), low <= truth && truth <= high]);
  };
  const rng = rngFromSeed(20n);
  for (let k = 0; k < repetitions; k++) {
    const tasks = drawTournament(offsets, 2, trials, rng);
    const statistics = runAtOnce(tournamentStatistics(tasks, { resamples: 400, seed: BigInt(k) }));
    for (const { agents, pairs } of statistics.tasks) {
      for (const [i, { regret }] of agents.entries()) count("mean regret of a task", regret.mean, trueMean(offsets[i]));
      const [first] = pairs;
      count("paired regret difference of a task", first.regret_difference, offsets[0] - offsets[1]);
    }
    for (const [i, { score, rating }] of statistics.overall.agents.entries()) {
      count("pooled mean score", score.mean, 1 - trueMean(offsets[i]) / UNIFORM);
      count("rating", rating as Estimated, ratings[i]);
    }
    for (const { a, b, probability_of_improvement, score_difference } of statistics.overall.pairs) {
      const [mine, other] = [a, b].map((name) => offsets[Number(name.split("-")[1])]);
      count("probability of improvement", probability_of_improvement, trueImprovement(mine, other));
      count("paired score difference", score_difference, (other - mine) / UNIFORM);
    }
  }
  for (const [what, hits] of held) {
    const share = hits.filter(Boolean).length / hits.length;
    console.log(`${what}: ${(100 * share).toFixed(1)} % of ${hits.length}`);
    expect(share, what).toBeGreaterThan(0.9);
    expect(share, what).toBeLessThan(0.98);
  }
});
