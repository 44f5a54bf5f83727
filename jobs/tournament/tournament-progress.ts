/** What a tournament's run says of its progress. */

import { type Tournament, TournamentState } from "../../proto/gen/icrl/v1/tournament.js";
import type { ProgressItem } from "../listener.js";
import type { SortedEntrants } from "./entrants.js";

/** How much of a tournament that is gone on with is there already. */
export function goingOnText({ matches, state }: Tournament): string {
  if (state === TournamentState.FINISHED) return "played to its end before: nothing is left to play";
  const known = matches.filter(({ undeclared }) => !undeclared);
  const there = known.reduce((sum, match) => sum + match.completeTrials + match.forfeits, 0);
  const all = known.reduce((sum, match) => sum + match.trials, 0);
  return `going on: ${there} of ${all} trials are there already`;
}

/** Whom it waits for now: awaited agents first, then those that this command is starting; undefined when nobody. */
export function waitingText(
  { entrants, matches, state }: Tournament,
  { fromElsewhere }: SortedEntrants,
): string | undefined {
  const missing = fromElsewhere.filter(
    ({ name }) =>
      entrants.some((entrant) => entrant.name === name && entrant.processes < entrant.awaited) &&
      matches.every(({ entrant, state }) => entrant !== name || state === TournamentState.PENDING),
  );
  if (missing.length > 0) {
    const texts = missing.map(({ name }) => {
      const { processes = 0, awaited = 1 } = entrants.find((entrant) => entrant.name === name) ?? {};
      return awaited > 1 ? `${name} (${processes} of ${awaited} processes)` : name;
    });
    return `waiting for ${texts.join(", ")}`;
  }
  return state === TournamentState.PENDING && matches.length > 0 ? "starting the agents" : undefined;
}

/** Whether everything is played or forfeited, and only the results are still to come. */
export function isPlayed({ matches, state }: Tournament): boolean {
  return state !== TournamentState.FINISHED && matches.every((match) => match.state === TournamentState.FINISHED);
}

/** What is being played first, then what waits for its turn. */
export function progressItems({ matches, entrants }: Tournament, { fromElsewhere }: SortedEntrants): ProgressItem[] {
  const connected = new Set(entrants.filter(({ processes }) => processes > 0).map(({ name }) => name));
  const foreign = new Set(fromElsewhere.map(({ name }) => name));
  const items = matches.map((match) => {
    const { taskId, entrant, state, undeclared } = match;
    const missed = foreign.has(entrant) && !connected.has(entrant) && state !== TournamentState.FINISHED;
    const item: ProgressItem = {
      name: `${taskId} / ${entrant}`,
      by: entrant,
      undeclared,
      done: match.completeTrials + match.forfeits,
      total: match.trials,
      steps: Number(match.steps),
      maxSteps: Number(match.maxSteps) || undefined, // a server of an earlier version does not tell
      note: match.forfeits > 0 ? `forfeited: ${match.forfeitReason}` : missed ? "waiting for its agent" : undefined,
    };
    return { item, begun: state !== TournamentState.PENDING };
  });
  return [...items.filter(({ begun }) => begun), ...items.filter(({ begun }) => !begun)].map(({ item }) => item);
}
