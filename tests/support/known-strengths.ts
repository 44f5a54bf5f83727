/**
 * A tournament whose truth is known: regret = 20 + strength + luck of the trial, which all entrants share, + luck of one's own; both standard
 * normal. Every entrant's trials are independent of one another.
 */

import { normalQuantile } from "#icrl/common/normal.js";
import type { Rng } from "#icrl/common/rng.js";
import { ELO_POINTS, fitStrengths } from "#icrl/statistics/bradley-terry.js";
import type { TaskTrials } from "#icrl/statistics/tournament-statistics.js";

const BASE = 20;

/** What uniform play loses. */
export const UNIFORM = 40;

/** Draws the trials of tasks in which entrant i has mean regret 20 + offsets[i]. */
export function drawTournament(offsets: readonly number[], tasks: number, trials: number, rng: Rng): TaskTrials[] {
  return Array.from({ length: tasks }, (_, t) => {
    const luck = Float64Array.from({ length: trials }, () => rng.normal());
    const regrets = (offset: number) => luck.map((shared) => BASE + offset + shared + rng.normal());
    const entrants = offsets.map((offset, i) => ({ name: `entrant-${i}`, regrets: regrets(offset) }));
    return { id: `task-${t}`, uniformRegret: UNIFORM, entrants };
  });
}

/** Mean regret of an entrant. */
export function trueMean(offset: number): number {
  return BASE + offset;
}

/** Probability that a run of the one has less regret than another run of the other: of independent runs, whose variance is 2 each. */
export function trueImprovement(offset: number, other: number): number {
  return normalCdf((other - offset) / 2);
}

/** Ratings that the expected wins of so many trials have: on one trial the shared luck cancels, the difference has variance 2. */
export function trueRatings(offsets: readonly number[], trials: number): number[] {
  const wins = Float64Array.from(offsets, (offset, i) =>
    offsets.reduce((sum, other, j) => sum + (i === j ? 0 : trials * normalCdf((other - offset) / Math.SQRT2)), 0),
  );
  const strengths = new Float64Array(offsets.length);
  fitStrengths(wins, [{ members: offsets.map((_, i) => i), comparisons: trials }], strengths);
  const mean = strengths.reduce((sum, strength) => sum + strength, 0) / offsets.length;
  return Array.from(strengths, (strength) => ELO_POINTS * (strength - mean));
}

/** The normal distribution function: where its quantile function is x, by halving. */
function normalCdf(x: number): number {
  let low = 0;
  let high = 1;
  for (let halvings = 0; halvings < 50; halvings++) {
    const middle = (low + high) / 2;
    if (normalQuantile(middle) < x) low = middle;
    else high = middle;
  }
  return low;
}
