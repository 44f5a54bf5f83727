/** A tournament as the wire shows it: without its seed while it runs. */
import {
  TournamentState,
  type Match as WireMatch,
  type Tournament as WireTournament,
} from "../../proto/gen/icrl/v1/tournament.js";
import type { TournamentMatch } from "./match.js";
import type { Entry } from "./tournaments.js";

/** The tournament's state now. It counts as finished once its results are there. */
export function describeTournament({ tournament, results }: Entry): WireTournament {
  const { spec, matches } = tournament;
  const state =
    results !== undefined
      ? TournamentState.FINISHED
      : matches.some((match) => match.started || match.finished)
        ? TournamentState.RUNNING
        : TournamentState.PENDING;
  return {
    id: spec.id,
    spec: {
      name: spec.name,
      seed: results === undefined ? undefined : spec.seed,
      trials: spec.trials,
      tasks: spec.tasks.map(({ id, task, options }) => ({ id, task: task.name, options })),
      agents: spec.agents.map(({ name, agent, options, tasks }) => ({ name, agent, options, tasks: [...tasks] })),
    },
    state,
    matches: matches.map(describeMatch),
  };
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
    forfeitReason: match.forfeitReason ?? "",
    steps: BigInt(match.steps),
  };
}
