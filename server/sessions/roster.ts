/**
 * Who sits where: seats the sessions of entrants, opens in each free seat the next match that has trials left for it, and tells a
 * match when the one who played it is gone. What a match is, and what happens to one that nobody plays, is the schedule's business.
 */
import { IcrlError, type Reason } from "../../common/errors.js";
import type { Entrant, Match, Place, Seat } from "./lobby.js";
import type { TrialSource } from "./trial-source.js";

/** A match as its schedule keeps it. */
export interface ScheduledMatch {
  readonly entrant: string;
  readonly source: TrialSource;
  /** Whether nothing of it is left to play. */
  readonly finished: boolean;
  /** Called when a session left it unfinished, or its entrant stayed away. */
  abandoned(reason: Reason): void;
}

/** What a roster asks of its schedule. */
export interface Schedule<M extends ScheduledMatch> {
  /** What the schedule is, for error texts: `tournament 12ab`. */
  readonly name: string;
  /** Names in the schedule, and the agents behind them. */
  readonly entrants: readonly { readonly name: string; readonly agent: string }[];
  /** All matches, in the order in which they are offered. */
  matches(): readonly M[];
  /** Called once for each entrant, when its first session enters, before anything is offered to it. */
  declared(entrant: Entrant): void;
  /** What a session is told of a match. */
  describe(match: M): Match;
  /** Called after an entrant's session came or left. */
  changed(): void;
}

/** The seats of one schedule. */
export interface Roster {
  /** Whether the schedule lists an entrant of this name. */
  lists(entrant: string): boolean;
  /** Seats an entrant that it lists. @throws AGENT_MISMATCH */
  enter(entrant: Entrant, seat: Seat): Place;
  /** Offers matches to those who wait: call it when there may be something for them. */
  offerAll(): void;
  /** Stops waiting for entrants. */
  close(): void;
}

/** What happens on the server's side is no fault of the entrant: its trials are played again. */
const NOT_ABANDONED: readonly Reason[] = ["SERVER_DRAINING", "LOG_UNWRITABLE"];

/** One seated session. */
interface Occupant<M> {
  readonly seat: Seat;
  readonly entrant: string;
  match: M | undefined;
  finished: boolean;
}

/**
 * Opens a roster, and waits for its entrants.
 *
 * @param entrantTimeoutMs how long an entrant with unfinished matches may have no session
 */
export function createRoster<M extends ScheduledMatch>(schedule: Schedule<M>, entrantTimeoutMs: number): Roster {
  const occupants = new Set<Occupant<M>>();
  const declared = new Set<string>();
  const absenceTimers = new Map<string, NodeJS.Timeout>();

  const matchesOf = (entrant: string): M[] => schedule.matches().filter((match) => match.entrant === entrant);

  function offer(occupant: Occupant<M>): void {
    if (occupant.finished || occupant.match !== undefined) return;
    const own = matchesOf(occupant.entrant);
    const match = own.find((candidate) => candidate.source.remaining > 0n);
    if (match !== undefined) {
      occupant.match = match;
      occupant.seat.open(schedule.describe(match));
    } else if (own.every((candidate) => candidate.finished)) {
      occupant.finished = true;
      occupant.seat.finish();
    }
  }

  function awaitEntrant(entrant: string): void {
    if (matchesOf(entrant).every((match) => match.finished)) return;
    clearTimeout(absenceTimers.get(entrant));
    const absent = () => {
      for (const match of matchesOf(entrant)) if (!match.finished) match.abandoned("AGENT_ABSENT");
    };
    absenceTimers.set(entrant, setTimeout(absent, entrantTimeoutMs));
  }

  for (const { name } of schedule.entrants) awaitEntrant(name);

  return {
    lists: (entrant) => schedule.entrants.some(({ name }) => name === entrant),
    enter(entrant, seat) {
      const listed = schedule.entrants.find(({ name }) => name === entrant.name);
      if (listed !== undefined && listed.agent !== entrant.agent) {
        throw new IcrlError(
          "AGENT_MISMATCH",
          `entrant "${entrant.name}" of ${schedule.name} is agent "${listed.agent}", not "${entrant.agent}"`,
        );
      }
      clearTimeout(absenceTimers.get(entrant.name));
      if (!declared.has(entrant.name)) {
        declared.add(entrant.name);
        schedule.declared(entrant);
      }
      const occupant: Occupant<M> = { seat, entrant: entrant.name, match: undefined, finished: false };
      occupants.add(occupant);
      // After the session has its place: what is offered may be over at once.
      setImmediate(() => occupants.has(occupant) && offer(occupant));
      return {
        free() {
          occupant.match = undefined;
          offer(occupant);
        },
        leave(reason) {
          occupants.delete(occupant);
          const { match } = occupant;
          if (match !== undefined && reason !== undefined && !NOT_ABANDONED.includes(reason)) match.abandoned(reason);
          if (![...occupants].some((other) => other.entrant === entrant.name)) awaitEntrant(entrant.name);
          schedule.changed();
        },
      };
    },
    offerAll() {
      for (const occupant of occupants) offer(occupant);
    },
    close() {
      for (const timer of absenceTimers.values()) clearTimeout(timer);
    },
  };
}
