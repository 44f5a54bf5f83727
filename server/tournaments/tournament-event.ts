/** What happens to tournaments, for the server's event log and its metrics. Never seeds. */
import type { Reason } from "../../common/errors.js";
import type { InternalError } from "../sessions/session-event.js";

/** Which tournament. */
interface OfTournament {
  readonly tournamentId: string;
  readonly name: string;
  readonly matches: number;
}

/** Which match. */
interface OfMatch {
  readonly tournamentId: string;
  readonly task: string;
  readonly entrant: string;
  /** Trials in all. */
  readonly trials: number;
}

/** One event. */
export type TournamentEvent =
  | InternalError
  | ({ readonly event: "tournament_created"; readonly trials: number } & OfTournament)
  /** Found unfinished when the server started. */
  | ({ readonly event: "tournament_resumed"; readonly trials: number; readonly unfinished: number } & OfTournament)
  | ({ readonly event: "tournament_finished"; readonly forfeited: number; readonly steps: number } & OfTournament)
  /** Ended before it was over. */
  | ({ readonly event: "tournament_cancelled"; readonly unfinished: number } & OfTournament)
  /** Forgotten. */
  | { readonly event: "tournament_deleted"; readonly tournamentId: string; readonly name: string }
  /** Its first trial of this run of the server is handed out. */
  | ({ readonly event: "match_opened" } & OfMatch)
  /** All its trials are played. */
  | ({ readonly event: "match_finished"; readonly steps: number } & OfMatch)
  /** Trials that are not played now will not be. */
  | ({
      readonly event: "match_forfeited";
      readonly played: number;
      readonly reason: Reason;
      readonly message: string;
    } & OfMatch);
