/** One tournament: its matches, who sits where, and when it is over. */
import type { Reason } from "../../common/errors.js";
import { IcrlError } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import type { Entrant, Place, Seat } from "../sessions/lobby.js";
import { createMatch, type TournamentMatch } from "./match.js";
import type { CheckedSpec } from "./spec.js";

/** A tournament that is being played or is over. */
export interface Tournament {
  readonly spec: CheckedSpec;
  /** By task, then by entrant; what an entrant turns out not to play has left. */
  readonly matches: readonly TournamentMatch[];
  /** Whether all matches are finished. */
  readonly over: boolean;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Whether it has something for an entrant of this name. */
  lists(entrant: string): boolean;
  /** Seats an entrant that it lists. @throws AGENT_MISMATCH */
  enter(entrant: Entrant, seat: Seat): Place;
  /** Stops waiting for entrants, and tells listeners. */
  close(): void;
}

/** What happens on the server's side is no fault of the entrant: its trials are played again. */
const NOT_FORFEITED: readonly Reason[] = ["SERVER_DRAINING", "LOG_UNWRITABLE"];

/** One seated session. */
interface Occupant {
  readonly seat: Seat;
  readonly entrant: string;
  match: TournamentMatch | undefined;
  finished: boolean;
}

/** Starts a tournament. */
export function createTournament(spec: CheckedSpec, entrantTimeoutMs: number): Tournament {
  let matches: readonly TournamentMatch[] = spec.tasks.flatMap(({ id, task }) =>
    spec.agents.map(({ name }) => createMatch(id, task, name, spec.seed, spec.trials, changed)),
  );
  const occupants = new Set<Occupant>();
  const declared = new Set<string>();
  const listeners = new Set<() => void>();
  const absenceTimers = new Map<string, NodeJS.Timeout>();
  let notifying = false;

  /** Tells listeners once per turn of the event loop, after whoever changed something is done. */
  function changed(): void {
    if (notifying) return;
    notifying = true;
    setImmediate(() => {
      notifying = false;
      for (const occupant of occupants) if (occupant.match === undefined) offer(occupant);
      for (const listener of [...listeners]) listener();
    });
  }

  function matchesOf(entrant: string): TournamentMatch[] {
    return matches.filter((match) => match.entrant === entrant);
  }

  function offer(occupant: Occupant): void {
    if (occupant.finished) return;
    const own = matchesOf(occupant.entrant);
    const match = own.find((candidate) => candidate.source.remaining > 0n);
    if (match !== undefined) {
      occupant.match = match;
      const agentOptions = spec.agents.find((agent) => agent.name === occupant.entrant)?.options ?? {};
      occupant.seat.open({
        tournamentId: spec.id,
        matchId: `${match.taskId}/${match.entrant}`,
        task: match.task,
        agentOptions,
        source: match.source,
      });
    } else if (own.every((candidate) => candidate.finished)) {
      occupant.finished = true;
      occupant.seat.finish();
    }
  }

  function awaitEntrant(entrant: string): void {
    if (matchesOf(entrant).every((match) => match.finished)) return;
    clearTimeout(absenceTimers.get(entrant));
    absenceTimers.set(
      entrant,
      setTimeout(() => {
        for (const match of matchesOf(entrant)) match.forfeit("AGENT_ABSENT");
      }, entrantTimeoutMs),
    );
  }

  for (const { name } of spec.agents) awaitEntrant(name);

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
    lists: (entrant) => spec.agents.some((agent) => agent.name === entrant),
    enter(entrant, seat) {
      const listed = spec.agents.find((agent) => agent.name === entrant.name);
      if (listed !== undefined && listed.agent !== entrant.agent) {
        throw new IcrlError(
          "AGENT_MISMATCH",
          `entrant "${entrant.name}" of tournament ${spec.id} is agent "${listed.agent}", not "${entrant.agent}"`,
        );
      }
      clearTimeout(absenceTimers.get(entrant.name));
      if (!declared.has(entrant.name)) {
        declared.add(entrant.name);
        matches = matches.filter(
          (match) => match.entrant !== entrant.name || playsTask(entrant.tasks, match.task.name, match.task.kinds),
        );
        changed();
      }
      const occupant: Occupant = { seat, entrant: entrant.name, match: undefined, finished: false };
      occupants.add(occupant);
      // After the session has its place: what is offered may be over at once.
      setImmediate(() => occupants.has(occupant) && occupant.match === undefined && offer(occupant));
      return {
        free() {
          occupant.match = undefined;
          offer(occupant);
        },
        leave(reason) {
          occupants.delete(occupant);
          const { match } = occupant;
          if (match !== undefined && reason !== undefined && !NOT_FORFEITED.includes(reason)) match.forfeit(reason);
          if (![...occupants].some((other) => other.entrant === entrant.name)) awaitEntrant(entrant.name);
          changed();
        },
      };
    },
    close() {
      for (const timer of absenceTimers.values()) clearTimeout(timer);
      changed();
    },
  };
}
