/** A tournament as the wire shows it: without its seed while that is withheld. */
import {
  TournamentState,
  type Match as WireMatch,
  type Tournament as WireTournament,
} from "../../proto/gen/icrl/v1/tournament.js";
import type { Entry, LoadedEntry } from "./entry.js";
import type { TournamentMatch } from "./match.js";
import { type TournamentStanding, tournamentStanding } from "./progress.js";
import type { CheckedSpec } from "./spec.js";
import type { Tournament } from "./tournament.js";

/**
 * The tournament's state now. It counts as finished once its results are there. Of one that is over and not in memory the matches are
 * left out.
 *
 * @param told whether what came of it may be told
 */
export function describeTournament(
  entry: Entry,
  told: boolean,
  matches: "with matches" | "without matches" = "with matches",
): WireTournament {
  const { spec, tournament } = entry;
  const shown = matches === "with matches" ? tournament : undefined;
  return {
    id: spec.id,
    spec: describeSpec(spec, told),
    state: STATES[tournamentStanding(entry)],
    matches: shown?.matches.map((match) => describeMatch(match, shown)) ?? [],
    entrants: presence(spec, tournament),
  };
}

/** Its matches that changed after change number `since`, without the spec; and the number of the last change. */
export function describeChanges(entry: LoadedEntry, since: number): { tournament: WireTournament; last: number } {
  const { spec, tournament } = entry;
  const changed = tournament.matches.filter((match) => tournament.changedAt(match) > since);
  return {
    tournament: {
      id: spec.id,
      spec: undefined,
      state: STATES[tournamentStanding(entry)],
      matches: changed.map((match) => describeMatch(match, tournament)),
      entrants: presence(spec, tournament),
    },
    last: lastChange(tournament),
  };
}

/** Number of the last change of a match. */
export function lastChange(tournament: Tournament): number {
  return tournament.matches.reduce((last, match) => Math.max(last, tournament.changedAt(match)), 0);
}

function describeSpec(spec: CheckedSpec, told: boolean): WireTournament["spec"] {
  return {
    name: spec.name,
    seed: told ? spec.seed : undefined,
    trials: spec.trials,
    tasks: spec.tasks.map(({ id, task, options, instances }) => ({ id, task: task.name, options, instances })),
    agents: spec.agents.map(({ name, agent, options, tasks }) => ({ name, agent, options, tasks: [...tasks] })),
  };
}

const STATES: Readonly<Record<TournamentStanding, TournamentState>> = {
  pending: TournamentState.PENDING,
  running: TournamentState.RUNNING,
  finished: TournamentState.FINISHED,
  cancelled: TournamentState.CANCELLED,
};

function presence(spec: CheckedSpec, tournament: Tournament | undefined): WireTournament["entrants"] {
  if (tournament === undefined) return [];
  return spec.agents.map(({ name }) => ({ name, ...tournament.presenceOf(name) }));
}

function describeMatch(match: TournamentMatch, tournament: Tournament): WireMatch {
  return {
    taskId: match.taskId,
    entrant: match.entrant,
    state: STATES[tournament.cancelled && !match.finished ? "cancelled" : match.standing],
    completeTrials: match.completeTrials,
    trials: match.trials,
    forfeits: match.forfeits,
    forfeitReason: match.forfeit?.reason ?? "",
    forfeitMessage: match.forfeit?.message ?? "",
    steps: BigInt(match.steps),
    undeclared: tournament.undeclared(match),
    maxSteps: BigInt(match.trials * match.task.horizon * match.task.episodes),
  };
}
