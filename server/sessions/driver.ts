/**
 * Where what N envs show comes from, and where the agent's answers go: a task that is stepped (played-driver.ts), or a log that is
 * read again (server/labels/recorded-driver.ts). What both have in common, a play does (play.ts).
 */
import type { Reason } from "../../common/errors.js";
import type { TrialSeeds } from "../../common/seeds.js";
import type { Slices } from "../../common/slices.js";
import type { TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Task } from "../tasks/task.js";
import type { Answer, LockStep } from "./lock-step.js";

/** Some of the envs of a play, side by side. */
export interface EnvRange {
  readonly from: number;
  /** The one after the last. */
  readonly to: number;
  /** How many of them take a step. */
  readonly acting: number;
}

/** Operations, of about a nanosecond each, that a driver takes. */
export interface DriverWork {
  /** For a step of one env. */
  readonly step: number;
  /** For beginning a trial, as far as it does not pause by itself. */
  readonly start: number;
  /** For what follows the last step of an episode. */
  readonly end: number;
}

/** What a reset did in an env. */
export interface Cut {
  /** Whether it cut an episode short: one that had begun. */
  readonly episode: boolean;
  /** What came of the trial; undefined where it goes on. */
  readonly trial: TrialEnd | undefined;
}

/** Ends episodes early: what the agent may in free play, and nowhere else. */
export interface Resets {
  /** Before those that follow: the agent took so long to decide on them, in milliseconds. */
  begin(agentMs: number): void;
  /**
   * Ends the episode in env n, and the trial with it where that was its last one or `wholeTrial` is set; else the next one begins. An
   * episode of which no step was taken stays as it is, or ends with its trial and is not recorded.
   */
  end(n: number, wholeTrial: boolean): Cut;
}

/** Drives the envs of one play. */
export interface Driver {
  readonly task: Task;
  readonly numEnvs: number;
  readonly work: DriverWork;
  /** Whether agents are asked for the probabilities of all actions. */
  readonly wantsProbabilities: boolean;
  /** Whether what is done need not be what the agent said. */
  readonly tellsExecuted: boolean;
  /** Whether it knows what a box space shows after an episode's last action. */
  readonly knowsFinalFeatures: boolean;
  /** Absent where the agent may not reset. */
  readonly resets?: Resets;
  /**
   * Takes the next trial into env n, where it shows its first observation; undefined when none is left. Given up, it gives it back.
   *
   * @param seeds in place of the trial's own; only where the agent may reset
   */
  startTrial(n: number, seeds?: TrialSeeds): Slices<TrialStart | undefined>;
  /**
   * Every env of the range that is active, and not held, takes a step, the ranges of a lock-step one after the other. Writes what came of it into
   * `shown.rewards` and, where it tells them, `shown.executed`.
   *
   * @param ended takes, from `shown.ended` on, which it raises, the envs whose episode is over, ascending
   */
  step(answer: Answer, shown: LockStep, range: EnvRange, ended: Int32Array): void;
  /** What env n shows, in a discrete space: the episode's last observation once it is over. */
  observation(n: number): number;
  /** What env n shows, in a box space. Memory that the next call overwrites. */
  features(n: number): Float32Array;
  /** The episode in env n is over: begins the trial's next one, or says what came of the trial when it was the last. */
  endEpisode(n: number): TrialEnd | undefined;
  /** Gives up the trial in env n. @returns whether that cuts short an episode that counts */
  cutShort(n: number, reason: Reason): boolean;
  /** Ended recorded trials that are durable, in the order of their ends. @throws LOG_UNWRITABLE */
  durableTrials(): number;
  /** Resolves once all recorded trials are durable. @throws LOG_UNWRITABLE */
  whenDurable(): Promise<void>;
}
