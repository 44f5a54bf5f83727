/**
 * Where sessions meet tournaments and collections. Sessions do not know what is scheduled, nor schedules what a session is: an entrant
 * enters the lobby, and the lobby opens assignments in its seat.
 */
import type { IcrlError, Reason } from "../../common/errors.js";
import type { Assignment } from "./assignment.js";

/** An agent that enters. */
export interface Entrant {
  readonly name: string;
  /** The tournament it is for; with no collection either, the oldest unfinished tournament that lists it. */
  readonly tournamentId: string | undefined;
  /** The collection it is for. */
  readonly collectionId: string | undefined;
  readonly agent: string;
  /** Its connection: sessions of one process share it. */
  readonly peer: string;
  /** Names or kinds of tasks it plays; empty means any. */
  readonly tasks: readonly string[];
}

/** A session as the lobby sees it. */
export interface Seat {
  /** Opens an assignment. Only while the seat is free. */
  open(assignment: Assignment): void;
  /** Nothing more will come for this entrant. Only while the seat is free. */
  finish(): void;
  /** Ends the session with this error, whatever it plays: what is under way is cut short. */
  fail(error: IcrlError): void;
}

/** A session's place in the lobby. */
export interface Place {
  /** What was open is played to its end: the seat is free again. May open the next assignment at once. */
  free(): void;
  /** The session has ended; `reason`, with a text for people, is undefined when it left a free seat. */
  leave(reason: Reason | undefined, message: string): void;
}

/** Where entrants wait for assignments. */
export interface Lobby {
  /**
   * Takes a seat. The first assignment is opened after this has returned.
   * @throws ENTRANT_UNKNOWN if no tournament lists the entrant
   * @throws TOURNAMENT_UNKNOWN if the named tournament does not exist
   * @throws TOURNAMENT_CANCELLED, COLLECTION_CANCELLED if it was cancelled
   * @throws AGENT_MISMATCH if the tournament names another agent for it
   */
  enter(entrant: Entrant, seat: Seat): Place;
}
