import type { SessionStatus } from "../sessions/session-status.js";
import type { Told } from "../tournaments/redaction.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import type { RecentEpisodes } from "./recent-episodes.js";
import type { StepRate } from "./step-rate.js";

/** What of a server the live page shows. */
export interface PageContext {
  /** HOST:PORT where agents connect. */
  readonly address: string;
  readonly startedAtMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly counters: { readonly steps: number };
  /** Where what takes long is computed. */
  readonly work: WorkQueue;
  readonly sink: Pick<TrajectorySink, "episodes" | "writable">;
  readonly sessions: Iterable<{ status(): SessionStatus }>;
  readonly tournaments: Pick<Tournaments, "list" | "get" | "leftAlone">;
  readonly recent: RecentEpisodes;
  readonly rate: StepRate;
}

/** The same for somebody who asks. */
export interface AskedContext extends PageContext {
  /** Whether he showed the operator's key. */
  readonly operator: boolean;
  /** What of tournaments he may be told. */
  readonly told: Told;
}
