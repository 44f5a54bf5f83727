/**
 * What a session needs of tournaments. Sessions do not know how matches are scheduled: an entrant enters the lobby, and the
 * lobby opens matches in its seat.
 */
import type { Reason } from "../../common/errors.js";
import type { Task } from "../tasks/task.js";
import type { TrialSource } from "./trial-source.js";

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

/** A match to play: of a tournament, or a part of a collection. */
export interface Match {
  readonly tournamentId?: string;
  readonly collectionId?: string;
  /** "<task id>/<entrant>" */
  readonly matchId: string;
  readonly task: Task;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  readonly source: TrialSource;
  /**
   * The log takes a trial only once it has ended, all its episodes side by side. Whether it takes one that was cut short for this
   * reason: not where the trial will be played again.
   */
  keepsTruncated(reason: Reason): boolean;
  /** Labels of each logged trajectory. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Which part of a mixture of behaviours acts; undefined when there is no mixture. */
  readonly behaviourComponent?: string;
}

/** A session as the lobby sees it. */
export interface Seat {
  /** Opens a match. Only while the seat is free. */
  open(match: Match): void;
  /** Nothing more will come for this entrant. Only while the seat is free. */
  finish(): void;
}

/** A session's place in the lobby. */
export interface Place {
  /** The match that was open is played to its end: the seat is free again. May open the next match at once. */
  free(): void;
  /** The session has ended; `reason`, with a text for people, is undefined when it left a free seat. */
  leave(reason: Reason | undefined, message: string): void;
}

/** Where entrants wait for matches. */
export interface Lobby {
  /**
   * Takes a seat. The first match is opened after this has returned.
   * @throws ENTRANT_UNKNOWN if no tournament lists the entrant
   * @throws TOURNAMENT_UNKNOWN if the named tournament does not exist
   * @throws AGENT_MISMATCH if the tournament names another agent for it
   */
  enter(entrant: Entrant, seat: Seat): Place;
}
