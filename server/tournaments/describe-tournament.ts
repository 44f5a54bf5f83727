/** A tournament as the wire shows it: without its seed while it runs. */
import {
  TournamentState,
  type Match as WireMatch,
  type Tournament as WireTournament,
} from "../../proto/gen/icrl/v1/tournament.js";
import type { TournamentMatch } from "./match.js";
import type { CheckedSpec } from "./spec.js";
import type { Tournament } from "./tournament.js";
import type { Entry, LoadedEntry } from "./tournaments.js";

/**
 * The tournament's state now. It counts as finished once its results are there. Of one that was finished in an earlier run of the server
 * and is not read again, the matches are left out.
 */
export function describeTournament({ spec, tournament, finished }: Entry): WireTournament {
  return {
    id: spec.id,
    spec: describeSpec(spec, finished),
    state: finished ? TournamentState.FINISHED : stateOf(tournament),
    matches: tournament?.matches.map(describeMatch) ?? [],
    entrants: presence(spec, tournament),
  };
}

/** Its matches that changed after change number `since`, without the spec; and the number of the last change. */
export function describeChanges(
  { spec, tournament, finished }: LoadedEntry,
  since: number,
): { tournament: WireTournament; last: number } {
  const changed = tournament.matches.filter((match) => tournament.changedAt(match) > since);
  return {
    tournament: {
      id: spec.id,
      spec: undefined,
      state: finished ? TournamentState.FINISHED : stateOf(tournament),
      matches: changed.map(describeMatch),
      entrants: presence(spec, tournament),
    },
    last: lastChange(tournament),
  };
}

/** Number of the last change of a match. */
export function lastChange(tournament: Tournament): number {
  return tournament.matches.reduce((last, match) => Math.max(last, tournament.changedAt(match)), 0);
}

function describeSpec(spec: CheckedSpec, finished: boolean): WireTournament["spec"] {
  return {
    name: spec.name,
    seed: finished ? spec.seed : undefined,
    trials: spec.trials,
    tasks: spec.tasks.map(({ id, task, options }) => ({ id, task: task.name, options })),
    agents: spec.agents.map(({ name, agent, options, tasks }) => ({ name, agent, options, tasks: [...tasks] })),
  };
}

function stateOf(tournament: Tournament | undefined): TournamentState {
  const begun = tournament?.matches.some((match) => match.started || match.finished) ?? false;
  return begun ? TournamentState.RUNNING : TournamentState.PENDING;
}

function presence(spec: CheckedSpec, tournament: Tournament | undefined): WireTournament["entrants"] {
  if (tournament === undefined) return [];
  return spec.agents.map(({ name }) => ({ name, ...tournament.presenceOf(name) }));
}

function describeMatch(match: TournamentMatch): WireMatch {
  return {
    taskId: match.taskId,
    entrant: match.entrant,
    state: match.finished
      ? TournamentState.FINISHED
      : match.started
        ? TournamentState.RUNNING
        : TournamentState.PENDING,
    completeTrials: match.completeTrials,
    trials: match.trials,
    forfeits: match.forfeits,
    forfeitReason: match.forfeit?.reason ?? "",
    forfeitMessage: match.forfeit?.message ?? "",
    steps: BigInt(match.steps),
  };
}
