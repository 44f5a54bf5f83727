/**
 * What is told of a match's regret while it runs. Two means, over n and over n + 1 trials, would give away the regret of one trial that
 * others have yet to play; so what is told moves ten trials at a time, for everybody who asks alike.
 */
import type { CurveSummary } from "../tournaments/curve.js";
import type { TournamentMatch } from "../tournaments/match.js";

/** A match's regret curve over its first trials. */
export interface PublishedRegret extends CurveSummary {
  /** Trials that it is over. */
  readonly trials: number;
}

/** Fewest trials between two things told. */
const LEAST_TRIALS = 10;

/** Points of a curve. */
const POINTS = 100;

const published = new WeakMap<TournamentMatch, PublishedRegret>();

/**
 * The curve as it may be told now, at about a hundred points of which the last is the trial's last step; undefined while there is none.
 *
 * @param over whether nobody plays its trials any more: then all of them count
 */
export function publishedRegret(match: TournamentMatch, over: boolean): PublishedRegret | undefined {
  const { curve } = match;
  const told = published.get(match);
  const since = curve.trials - (told?.trials ?? 0);
  const left = match.trials - curve.trials;
  // What is left must be enough for another time, or nothing.
  const enough = since >= LEAST_TRIALS && (left === 0 || left >= LEAST_TRIALS);
  if (since === 0 || !(over || enough)) return told;
  const fresh = { trials: curve.trials, ...curve.pointsAt(spread(curve.length, POINTS)) };
  published.set(match, fresh);
  return fresh;
}

/** Up to `points` places from 0 to length - 1, as even as can be, the last always. */
function spread(length: number, points: number): number[] {
  const count = Math.min(length, points);
  return Array.from({ length: count }, (_, i) => Math.ceil(((i + 1) * length) / count) - 1);
}
