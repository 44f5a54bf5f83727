/**
 * Where sessions meet tournaments and collections. Sessions do not know what is scheduled, nor schedules what a session is: an entrant
 * enters the lobby, and the lobby opens assignments in its seat.
 */
import type { Reason } from "../../common/errors.js";
import type { Assignment } from "./assignment.js";

/** An agent that enters. */
export interface Entrant {
  readonly name: string;
  /** The tournament it is for; with no collection either, the oldest unfinished tournament that lists it, else the newest finished one. */
  readonly tournamentId: string | undefined;
  /** The collection it is for. */
  readonly collectionId: string | undefined;
  /** The secret that it shows, if it does. */
  readonly key: string | undefined;
  /** Whether it has shown its key before, to the server that was here before this one. */
  readonly known?: boolean;
  readonly agent: string;
  /** Its connection: sessions of one process share it. */
  readonly peer: string;
  /** Names or kinds of tasks it plays; empty means any. */
  readonly tasks: readonly string[];
}

/** A session as the lobby sees it. No member throws. */
export interface Seat {
  /** Opens an assignment. Only while the seat is free. */
  open(assignment: Assignment): void;
  /** Nothing more will come for this entrant. Only while the seat is free. */
  finish(): void;
  /** Ends the session with this error, whatever it plays: what is under way is cut short. Also where the schedule failed in what it does for it. */
  fail(error: unknown): void;
}

/** A session's place in the lobby. */
export interface Place {
  /** What was open is played to its end: the seat is free again. May open the next assignment at once. */
  free(): void;
  /**
   * The session has ended; `reason`, with a text for people, is undefined when it left a free seat. `unheard`: its agent may never have
   * heard of what it was given.
   */
  leave(reason: Reason | undefined, message: string, unheard?: boolean): void;
}

/** Where entrants wait for assignments. */
export interface Lobby {
  /**
   * Takes a seat. The first assignment is opened after this has returned; where what it is for is over, that is said instead.
   * @throws ENTRANT_EARLY if what the entrant is for does not exist yet
   * @throws ENTRANT_UNKNOWN if what exists does not list it
   * @throws TOURNAMENT_CANCELLED, COLLECTION_CANCELLED if it was cancelled
   * @throws AGENT_MISMATCH if the tournament names another agent for it
   * @throws KEY_REFUSED if its key is another's
   */
  enter(entrant: Entrant, seat: Seat): Place;
}

/** The place of an entrant for whom there is nothing more: it is told so once this has returned. */
export function nothingMore(seat: Seat): Place {
  let here = true;
  setImmediate(() => here && seat.finish());
  return {
    free() {},
    leave() {
      here = false;
    },
  };
}
