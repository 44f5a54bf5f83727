/** Bradley-Terry ratings from all trials of all tasks, refitted on each resample. */
import { ELO_POINTS, fitStrengths, largestCircle, type Meeting } from "./bradley-terry.js";
import { estimated } from "./estimated.js";
import type { Resampling } from "./resampling.js";
import { workMeter } from "./slices.js";
import type { Estimated, TaskTrials } from "./statistics-document.js";

/** Ratings are given in millionths of a point: finer than they are needed, coarser than their fit ends, so that equal entrants are equal. */
const STEPS = 1e6;

/**
 * Ratings in the order of `names`: in points of Elo's scale, mean 0. Every trial of a task is a comparison of each two entrants that play it.
 * The prior of `fitStrengths` is in the value and in each resample alike.
 *
 * Null where there is no common scale: of entrants that meet nobody else or, where the entrants fall apart into circles that do not meet
 * one another, of all but the largest circle's.
 *
 * @param wins of each entrant in each replicate, names x [replicates]
 */
export function* ratings(
  tasks: readonly TaskTrials[],
  names: readonly string[],
  wins: readonly Float64Array[],
  { resamples }: Resampling,
): Generator<void, (Estimated | null)[]> {
  const all = meetingsOf(tasks, names);
  const circle = largestCircle(names.length, all);
  const meetings = all
    .filter(({ members }) => circle.includes(members[0]))
    .map(({ members, comparisons }) => ({ members: members.map((i) => circle.indexOf(i)), comparisons }));
  const work = meetings.reduce((sum, { members }) => sum + 10 * members.length ** 2, 0);
  const pauseIsDue = workMeter();
  const fitted = circle.map(() => new Float64Array(1 + resamples));
  const own = new Float64Array(circle.length);
  const likeliest = new Float64Array(circle.length); // of the data: where each resample's fit starts
  const strengths = new Float64Array(circle.length);
  for (let r = 0; r <= resamples; r++) {
    for (const [k, i] of circle.entries()) own[k] = wins[i][r];
    strengths.set(likeliest);
    fitStrengths(own, meetings, strengths);
    if (r === 0) likeliest.set(strengths);
    const mean = strengths.reduce((sum, strength) => sum + strength, 0) / circle.length;
    for (let k = 0; k < circle.length; k++)
      fitted[k][r] = Math.round(STEPS * ELO_POINTS * (strengths[k] - mean)) / STEPS + 0; // no -0
    if (pauseIsDue(work)) yield;
  }
  return names.map((_, i) => (circle.includes(i) ? estimated(fitted[circle.indexOf(i)]) : null));
}

/** Who meets whom how often: tasks with the same entrants are one meeting. */
function meetingsOf(tasks: readonly TaskTrials[], names: readonly string[]): Meeting[] {
  const index = new Map(names.map((name, i) => [name, i]));
  const meetings = new Map<string, Meeting>();
  for (const { entrants } of tasks) {
    if (entrants.length < 2) continue;
    const members = entrants.map(({ name }) => index.get(name) as number).sort((a, b) => a - b);
    const key = members.join();
    const comparisons = (meetings.get(key)?.comparisons ?? 0) + entrants[0].regrets.length;
    meetings.set(key, { members, comparisons });
  }
  return [...meetings.values()];
}
