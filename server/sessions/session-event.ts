/** What happens to sessions, for the server's event log and its metrics. Fields are as the event log has them. */
import { IcrlError, type Reason } from "../../common/errors.js";

/** Something failed that should not: a bug, with its stack. */
export interface InternalError {
  readonly event: "internal_error";
  readonly where: string;
  readonly err: unknown;
  /** Absent where it has none. */
  readonly reason?: Reason;
}

/** The event of an error that nobody waits for. */
export function internalError(where: string, err: unknown): InternalError {
  return { event: "internal_error", where, err, ...(err instanceof IcrlError ? { reason: err.reason } : {}) };
}

/** One event. */
export type SessionEvent =
  /** Beside an error that ended it: something failed while it ended. */
  | InternalError
  | { readonly event: "session_opened"; readonly sessionId: string; readonly peer: string }
  /** A task, a match or trials to label. */
  | {
      readonly event: "task_opened";
      readonly sessionId: string;
      readonly agent: string;
      readonly task: string;
      readonly numEnvs: number;
      readonly trials: number;
      readonly entrant: string | undefined;
      readonly tournamentId: string | undefined;
      readonly collectionId: string | undefined;
      readonly label: string | undefined;
    }
  /** Its stream was lost: it waits for another. */
  | { readonly event: "session_parked"; readonly sessionId: string; readonly peer: string }
  | {
      readonly event: "session_resumed";
      readonly sessionId: string;
      /** Of the stream over which it goes on. */
      readonly peer: string;
      /** For how long it had none; 0 where another stream took its place. */
      readonly seconds: number;
    }
  /** The server stops, and keeps sessions for the one that is started again; what is too much is left out. */
  | { readonly event: "sessions_kept"; readonly sessions: number; readonly leftOut: number }
  /** Sessions that were to be kept cannot be written, or read. */
  | { readonly event: "sessions_not_kept"; readonly message: string }
  | {
      readonly event: "session_ended";
      readonly sessionId: string;
      readonly peer: string;
      /** Undefined where it never said hello, as the next. */
      readonly agent: string | undefined;
      readonly agentVersion: string | undefined;
      readonly entrant: string | undefined;
      /** Undefined where it left nothing unfinished and no error ended it. */
      readonly reason: Reason | "INTERNAL" | undefined;
      readonly message: string | undefined;
      readonly steps: number;
      /** Complete ones. */
      readonly trials: number;
      readonly seconds: number;
    };

/** Takes how long lock-steps last, in milliseconds, in the hot path: it must cost next to nothing. */
export interface StepTimes {
  /** From sending observations to having the actions for them. */
  act(ms: number): void;
  /** From having the actions to sending their answer; waits for the disk count. */
  answer(ms: number): void;
}
