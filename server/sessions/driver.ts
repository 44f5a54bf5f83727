/**
 * Where what N envs show comes from, and where the agent's answers go: a task that is stepped (played-driver.ts), or a log that is
 * read again (server/labels/recorded-driver.ts). What both have in common, a play does (play.ts).
 */
import type { Reason } from "../../common/errors.js";
import type { TrialEnd, TrialStart } from "../../proto/gen/icrl/v1/environment.js";
import type { Task } from "../tasks/task.js";
import type { Answer, LockStep } from "./lock-step.js";

/** Drives the envs of one play. */
export interface Driver {
  readonly task: Task;
  readonly numEnvs: number;
  /** Whether agents are asked for the probabilities of all actions. */
  readonly wantsProbabilities: boolean;
  /** Whether what is done need not be what the agent said. */
  readonly tellsExecuted: boolean;
  /** Whether it knows what a box space shows after an episode's last action. */
  readonly knowsFinalFeatures: boolean;
  /** Takes the next trial into env n, where it shows its first observation; undefined when none is left. */
  startTrial(n: number): TrialStart | undefined;
  /**
   * Every active env takes a step. Writes what came of it into `shown.rewards` and, where it tells them, `shown.executed`.
   *
   * @param ended takes the envs whose episode is over, ascending
   * @returns how many these are
   */
  step(answer: Answer, shown: LockStep, ended: Int32Array): number;
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
