/**
 * Bradley-Terry ratings: entrant i beats entrant j with probability p_i / (p_i + p_j), and its strength is log p_i.
 *
 * Strengths maximise the likelihood of all comparisons, to which each entrant brings half a win and half a loss against an opponent of
 * strength 0. Thus there always is a maximum, and one only, also where an entrant won or lost everything, in the data or in a resample;
 * beside the comparisons of some hundred trials this prior weighs nothing. A tie is half a win of either.
 *
 * The likelihood needs of the results only how often each entrant won, and how often each two met. Who met whom follows from who plays
 * which task: no table of pairs is kept.
 *
 * Source: Bradley & Terry (1952); Hunter (2004), "MM algorithms for generalized Bradley-Terry models"; the half win and half loss are
 * Jeffreys' prior of a single comparison with a known opponent, as Firth (1993) has it.
 */

import { sortedOrder } from "./sorted-order.js";

/** Entrants of whom each two met equally often. */
export interface Meeting {
  /** Their indices, at least two. */
  readonly members: readonly number[];
  /** Comparisons of each two of them. */
  readonly comparisons: number;
}

/** A strength of 1 in points of Elo's scale, where 400 points are odds of 10 to 1. */
export const ELO_POINTS = 400 / Math.LN10;

/** Strengths are iterated until none moves by more: 2e-10 points. */
const TOLERANCE = 1e-12;
const MOST_SWEEPS = 10_000;

/**
 * Improves `strengths` [entrants] until they are the most likely ones. From wherever it starts it comes to the same strengths; from near
 * them it comes sooner.
 *
 * Coordinate ascent: one Newton step for each entrant in turn, damped so that the likelihood never falls, and one for all of them together,
 * along which the prior alone decides. Time O(sum of the squared sizes of the meetings) a sweep, and few sweeps where most entrants meet.
 *
 * @param wins of each entrant in all comparisons, [entrants]
 * @param meetings who met whom; each entrant is in one at least
 */
export function fitStrengths(wins: Float64Array, meetings: readonly Meeting[], strengths: Float64Array): void {
  const odds = strengths.map(Math.exp);
  const meetingsOf = Array.from(strengths, (_, i) => meetings.filter(({ members }) => members.includes(i)));
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let i = 0; i < strengths.length; i++) {
      const own = odds[i];
      const prior = own / (own + 1);
      let slope = wins[i] + 0.5 - prior;
      let curvature = prior * (1 - prior);
      for (const { members, comparisons } of meetingsOf[i]) {
        let expected = -0.5; // it does not meet itself
        let variance = -0.25;
        for (let k = 0; k < members.length; k++) {
          const chance = own / (own + odds[members[k]]);
          expected += chance;
          variance += chance * (1 - chance);
        }
        slope -= comparisons * expected;
        curvature += comparisons * variance;
      }
      // A sum of logistic likelihoods has |f'''| <= f'': a Newton step d, cut to d / (1 + |d|), cannot go too far.
      const newton = slope / curvature;
      const step = newton / (1 + Math.abs(newton));
      strengths[i] += step;
      odds[i] = Math.exp(strengths[i]);
      largest = Math.max(largest, Math.abs(step));
    }
    largest = Math.max(largest, Math.abs(shiftToPrior(strengths, odds)));
    if (largest < TOLERANCE) return;
  }
}

/** A Newton step of all strengths together, which leaves every comparison as likely as it was. Returns it. */
function shiftToPrior(strengths: Float64Array, odds: Float64Array): number {
  let slope = 0;
  let curvature = 0;
  for (const own of odds) {
    const chance = own / (own + 1);
    slope += 0.5 - chance;
    curvature += chance * (1 - chance);
  }
  const newton = slope / curvature;
  const step = newton / (1 + Math.abs(newton));
  for (let i = 0; i < strengths.length; i++) {
    strengths[i] += step;
    odds[i] = Math.exp(strengths[i]);
  }
  return step;
}

/**
 * Wins of each entrant in each trial that they all played, against every other, ties half: the number of regrets above its own, and half of the equal ones.
 *
 * Shapes: regrets entrants x [trials]; wins entrants x [trials]. Time O(trials * entrants log entrants).
 */
export function winsInTrials(regrets: readonly Float64Array[]): Float64Array[] {
  const trials = regrets[0].length;
  const wins = regrets.map(() => new Float64Array(trials));
  const ofTrial = new Float64Array(regrets.length);
  for (let trial = 0; trial < trials; trial++) {
    for (let i = 0; i < regrets.length; i++) ofTrial[i] = regrets[i][trial];
    const order = sortedOrder(ofTrial);
    for (let first = 0, next = 0; first < order.length; first = next) {
      while (next < order.length && ofTrial[order[next]] === ofTrial[order[first]]) next += 1;
      const won = order.length - next + (next - first - 1) / 2;
      for (let k = first; k < next; k++) wins[order[k]][trial] = won;
    }
  }
  return wins;
}
