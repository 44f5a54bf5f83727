import type { Clock } from "../../common/clock.js";
import type { Lobby } from "../matches/lobby.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import type { Counters } from "./counters.js";
import type { KeptSessions } from "./kept-sessions.js";
import type { Labels } from "./labels.js";
import type { Limits } from "./limits.js";
import type { SessionShare } from "./link.js";
import type { MemoryBudget } from "./memory-budget.js";
import type { OpenSessions } from "./open-sessions.js";
import type { SessionEvent, StepTimes } from "./session-event.js";

/** What all sessions of a server share. */
export interface SessionContext {
  readonly limits: Limits;
  readonly sink: TrajectorySink;
  /** What all sessions may hold together. */
  readonly memory: MemoryBudget;
  readonly lobby: Lobby;
  /** Sessions of the server before this one, and those of this one for the next. */
  readonly kept: KeptSessions;
  /** All sessions. */
  readonly sessions: OpenSessions;
  /** Trials to label; absent when the server has no dataset. */
  readonly labels?: Labels;
  readonly clock: Clock;
  /** Where what takes long is computed. */
  readonly work: WorkQueue;
  /** What all sessions have done; sessions add to it. */
  readonly counters: Counters;
  /** Told what happens. */
  readonly tell: (event: SessionEvent) => void;
  /** What the token of the one session may have; absent where it is not bounded. */
  readonly share?: SessionShare;
  /** Absent where nobody measures. */
  readonly times?: StepTimes;
}
