/** How far a tournament is: the one place that counts it, for the page, the wire and the metrics. */
import type { Standing, TournamentMatch } from "./match.js";
import type { Tournament } from "./tournament.js";

/** Counts of some matches. */
export interface MatchCounts {
  /** Of entrants of which it is known what they play; so are all that follow but the last two. */
  matches: number;
  finishedMatches: number;
  trials: number;
  /** Played or forfeited. */
  doneTrials: number;
  forfeits: number;
  steps: number;
  /** Of entrants that have yet to say what they play: these may disappear. */
  undeclaredMatches: number;
  undeclaredTrials: number;
}

/** No match yet. */
export const noMatches = (): MatchCounts => ({
  matches: 0,
  finishedMatches: 0,
  trials: 0,
  doneTrials: 0,
  forfeits: 0,
  steps: 0,
  undeclaredMatches: 0,
  undeclaredTrials: 0,
});

/** Counts a match, too. */
export function addMatch(counts: MatchCounts, match: TournamentMatch, undeclared: boolean): void {
  if (undeclared) {
    counts.undeclaredMatches += 1;
    counts.undeclaredTrials += match.trials;
    return;
  }
  counts.matches += 1;
  counts.finishedMatches += match.finished ? 1 : 0;
  counts.trials += match.trials;
  counts.doneTrials += match.completeTrials + match.forfeits;
  counts.forfeits += match.forfeits;
  counts.steps += match.steps;
}

/** All matches of a tournament. */
export function countMatches({ matches, undeclared }: Tournament): MatchCounts {
  const counts = noMatches();
  for (const match of matches) addMatch(counts, match, undeclared(match));
  return counts;
}

/** Where a tournament stands. */
export type TournamentStanding = Standing | "cancelled";

/** Where a tournament stands: it is finished once its results are there. */
export function tournamentStanding({
  tournament,
  finished,
  cancelled,
}: {
  readonly tournament: Tournament | undefined;
  readonly finished: boolean;
  readonly cancelled: boolean;
}): TournamentStanding {
  if (finished) return "finished";
  if (cancelled) return "cancelled";
  const begun = tournament?.matches.some(({ standing }) => standing !== "pending") ?? false;
  return begun ? "running" : "pending";
}
