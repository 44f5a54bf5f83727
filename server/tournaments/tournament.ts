/** One tournament: its matches, and when it is over. */
import { playsTask } from "../../common/plays-task.js";
import { createRoster, type Roster } from "../sessions/roster.js";
import { createMatch, type TournamentMatch } from "./match.js";
import { type CheckedSpec, entersFor } from "./spec.js";

/** A tournament that is being played or is over. */
export interface Tournament extends Pick<Roster, "lists" | "enter"> {
  readonly spec: CheckedSpec;
  /** By task, then by entrant; what an entrant turns out not to play has left. */
  readonly matches: readonly TournamentMatch[];
  /** Whether all matches are finished. */
  readonly over: boolean;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Stops waiting for entrants, and tells listeners. */
  close(): void;
}

/** Starts a tournament. */
export function createTournament(spec: CheckedSpec, entrantTimeoutMs: number): Tournament {
  let matches: readonly TournamentMatch[] = spec.tasks.flatMap(({ id, task }) =>
    spec.agents
      .filter((agent) => entersFor(agent, id))
      .map(({ name }) => createMatch(id, task, name, spec.seed, spec.trials, changed)),
  );
  const listeners = new Set<() => void>();
  let notifying = false;

  const roster = createRoster<TournamentMatch>(
    {
      name: `tournament ${spec.id}`,
      entrants: spec.agents,
      matches: () => matches,
      declared({ name, tasks }) {
        matches = matches.filter(
          (match) => match.entrant !== name || playsTask(tasks, match.task.name, match.task.kinds),
        );
        changed();
      },
      describe: (match) => ({
        tournamentId: spec.id,
        matchId: `${match.taskId}/${match.entrant}`,
        task: match.task,
        agentOptions: spec.agents.find((agent) => agent.name === match.entrant)?.options ?? {},
        source: match.source,
      }),
      changed,
    },
    entrantTimeoutMs,
  );

  /** Tells listeners once per turn of the event loop, after whoever changed something is done. */
  function changed(): void {
    if (notifying) return;
    notifying = true;
    setImmediate(() => {
      notifying = false;
      roster.offerAll();
      for (const listener of [...listeners]) listener();
    });
  }

  return {
    spec,
    get matches() {
      return matches;
    },
    get over() {
      return matches.every((match) => match.finished);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lists: roster.lists,
    enter: roster.enter,
    close() {
      roster.close();
      changed();
    },
  };
}
