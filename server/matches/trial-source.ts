/** Where a session's trials come from, and where their results go. */
import type { TrialSeeds } from "../../common/seeds.js";

/** One trial to play. */
export interface TrialTicket {
  /** Which trial of its series. */
  readonly trialIndex: bigint;
  /** Seed of the series that its seeds come from; absent where they were given one by one. */
  readonly seriesSeed?: bigint;
  readonly seeds: TrialSeeds;
  /** Env that took it, where its source wants to know that of what comes back. */
  readonly env?: number;
  /**
   * Actions that were taken in it before its agent left, episode after episode: they are taken again, whatever is answered. Who leaves and
   * comes back has learned no more than who stayed. Absent where nobody had begun it.
   */
  readonly taken?: Int32Array;
}

/** What came of a trial. */
export interface TrialResult {
  readonly ticket: TrialTicket;
  /** Whether every episode ran to its own end. */
  readonly complete: boolean;
  /** Steps taken. */
  readonly steps: number;
  /** Episodes that ended, by themselves or cut short; none where no step was taken. */
  readonly episodes: number;
  /** Sum of rewards. */
  readonly return: number;
  /** Pseudo-regret of the steps taken. */
  readonly regret: number;
  /** Expected return of the best policy over the episodes begun. */
  readonly optimalValue: number;
  /** Cumulative regret at the task's curve steps; read it before the call returns, the memory is used again. As the next two, of complete trials alone: empty otherwise. */
  readonly curve: Float64Array;
  /** Of the trial's last episode, [T]; read them before the call returns, too. */
  readonly actions: Int32Array;
  /** Pseudo-regret of each of those actions, [T]. */
  readonly regrets: Float32Array;
  /** Actions of all its steps, where it is not complete and the source wants them. */
  readonly taken?: Int32Array;
  /** Resolves once the trial is durable, and rejects where the log lost it; absent when it is not recorded. */
  readonly whenDurable?: () => Promise<void>;
}

/** Hands out trials; several sessions may share one. */
export interface TrialSource {
  /** Trials not handed out yet. */
  readonly remaining: bigint;
  /** Whether a trial that is cut short may be handed out again, and its source wants to know what was taken in it. Absent: no. */
  readonly wantsTaken?: boolean;
  /** The next trial for env n of whoever asks, or undefined when none is left. */
  take(n: number): TrialTicket | undefined;
  /** Called after every lock-step, with the number of envs that took a step of its trials. */
  stepped(envs: number): void;
  /** Takes a result. Called once for every trial that was handed out. */
  done(result: TrialResult): void;
}
