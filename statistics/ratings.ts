/** Bradley-Terry ratings from all trials of all tasks, refitted on each resample. */

import { type Slices, workMeter } from "../common/slices.js";
import { ELO_POINTS, fitStrengths, type Meeting } from "./bradley-terry.js";
import type { Group } from "./comparable-groups.js";
import { estimated } from "./estimated.js";
import { drawnUnits, type Resampling } from "./resampling.js";
import type { Estimated } from "./statistics-document.js";

/** Ratings are given in millionths of a point: finer than they are needed, coarser than their fit ends. */
const STEPS = 1e6;

/**
 * Ratings of the entrants of a group, by name: in points of Elo's scale, mean 0. Every trial of a task is a comparison of each two of them. The
 * prior of `fitStrengths` is in the value and in each resample alike. Of who plays its tasks alone there is none: nothing gives it a scale.
 *
 * @param wins of each entrant against the others of the group, [replicates]
 */
export function* ratings(
  { tasks, ranked }: Group,
  wins: ReadonlyMap<string, Float64Array>,
  { resamples }: Resampling,
): Slices<ReadonlyMap<string, Estimated>> {
  const names = ranked.map(({ entry }) => entry);
  if (names.length < 2) return new Map();
  const trials = tasks.map(({ entrants }) => entrants[0].regrets.length);
  const fewest = Math.min(...tasks.map(({ instances }, t) => drawnUnits(trials[t], instances)));
  const meeting: Meeting = {
    members: [...names.keys()],
    comparisons: trials.reduce((sum, count) => sum + count, 0),
  };
  const won = names.map((name) => wins.get(name) as Float64Array);
  const pauseIsDue = workMeter();
  const fitted = names.map(() => new Float64Array(1 + resamples));
  const own = new Float64Array(names.length);
  const likeliest = new Float64Array(names.length); // of the data: where each resample's fit starts
  const strengths = new Float64Array(names.length);
  for (let r = 0; r <= resamples; r++) {
    for (let i = 0; i < names.length; i++) own[i] = won[i][r];
    strengths.set(likeliest);
    fitStrengths(own, [meeting], strengths);
    if (r === 0) likeliest.set(strengths);
    const mean = strengths.reduce((sum, strength) => sum + strength, 0) / names.length;
    const byWins = new Map<number, number>(); // all meet all equally often: equal wins are equal strengths, to the last bit
    for (let i = 0; i < names.length; i++) {
      const rating = byWins.get(own[i]) ?? Math.round(STEPS * ELO_POINTS * (strengths[i] - mean)) / STEPS + 0; // no -0
      byWins.set(own[i], rating);
      fitted[i][r] = rating;
    }
    if (pauseIsDue(10 * names.length ** 2)) yield;
  }
  return new Map(names.map((name, i) => [name, known(estimated(fitted[i], resamples, fewest))]));
}

/** Where every resample is won, lost or drawn alike, resampling does not tell how well a rating is known: it has no interval then. */
function known({ value, ci95 }: Estimated): Estimated {
  return { value, ci95: ci95 !== null && ci95[0] === ci95[1] ? null : ci95 };
}
