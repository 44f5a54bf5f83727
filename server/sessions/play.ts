/**
 * What is open in a session, or played inside the server: N envs that step together, and the trials that pass through them. Knows
 * nothing of messages' order, streams or deadlines, nor of where trials come from: that is its driver's.
 */
import type { Reason } from "../../common/errors.js";
import type { Task } from "../tasks/task.js";
import type { Driver } from "./driver.js";
import { type Answer, featureSizeOf, type LockStep, newLockStep } from "./lock-step.js";

/** Totals of an open, as `closed` reports them. */
export interface PlayTotals {
  completeTrials: number;
  incompleteTrials: number;
  episodes: number;
  steps: number;
}

/** N envs in lock-step. */
export interface Play {
  readonly task: Task;
  readonly numEnvs: number;
  readonly totals: Readonly<PlayTotals>;
  /** [N] 1 for envs that want an action. */
  readonly active: Uint8Array;
  readonly activeCount: number;
  /** Whether agents are asked for the probabilities of all actions. */
  readonly wantsProbabilities: boolean;
  /** Hands the first trials to the envs. */
  start(): LockStep;
  /** One lock-step. */
  step(answer: Answer): LockStep;
  /** Gives up every unfinished trial, for a reason; throws what failed in one of them once it is through. */
  abort(reason: Reason): void;
  /** Ended recorded trials that are durable, in the order of their ends. @throws LOG_UNWRITABLE */
  durableTrials(): number;
  /** Resolves once all recorded trials are durable. @throws LOG_UNWRITABLE */
  whenDurable(): Promise<void>;
}

/** Envs that nothing has happened in yet. */
export function createPlay(driver: Driver): Play {
  const { task, numEnvs } = driver;
  const tells = { executed: driver.tellsExecuted, finalFeatures: driver.knowsFinalFeatures };
  const shown = newLockStep(task, numEnvs, tells);
  const { active, states, features, finalStates, finalFeatures } = shown;
  const discrete = task.observationSpace.type === "discrete";
  const featureSize = featureSizeOf(task.observationSpace);
  const ended = new Int32Array(numEnvs);
  const totals: PlayTotals = { completeTrials: 0, incompleteTrials: 0, episodes: 0, steps: 0 };

  /** @returns whether there was one left */
  function startTrial(n: number): boolean {
    const start = driver.startTrial(n);
    if (start === undefined) return false;
    active[n] = 1;
    shown.activeCount += 1;
    shown.trialStarts.push(start);
    return true;
  }

  /** The episode in env n, the `row`th that ended with this step, is over: whatever comes next in the env begins. */
  function endEpisode(n: number, row: number): void {
    shown.terminated[n] = 1;
    if (discrete) finalStates[row] = driver.observation(n);
    else if (featureSize > 0) finalFeatures?.set(driver.features(n), row * featureSize);
    totals.episodes += 1;
    const end = driver.endEpisode(n);
    if (end === undefined) return;
    totals.completeTrials += 1;
    active[n] = 0;
    shown.activeCount -= 1;
    shown.trialEnds.push(end);
    startTrial(n);
  }

  function begin(): void {
    if (shown.ended > 0) shown.terminated.fill(0);
    shown.ended = 0;
    shown.trialStarts = [];
    shown.trialEnds = [];
  }

  function show(): LockStep {
    if (discrete) for (let n = 0; n < numEnvs; n++) states[n] = active[n] === 0 ? 0 : driver.observation(n);
    else if (featureSize > 0) {
      for (let n = 0; n < numEnvs; n++) {
        if (active[n] === 0) features.fill(0, n * featureSize, (n + 1) * featureSize);
        else features.set(driver.features(n), n * featureSize);
      }
    }
    shown.durableTrials = driver.durableTrials();
    return shown;
  }

  return {
    task,
    numEnvs,
    totals,
    active,
    wantsProbabilities: driver.wantsProbabilities,
    get activeCount() {
      return shown.activeCount;
    },
    start() {
      for (let n = 0; n < numEnvs && startTrial(n); n++);
      return show();
    },
    step(answer) {
      begin();
      shown.first = false;
      totals.steps += shown.activeCount;
      shown.ended = driver.step(answer, shown, ended);
      for (let i = 0; i < shown.ended; i++) endEpisode(ended[i], i);
      return show();
    },
    abort(reason) {
      const failures: unknown[] = [];
      for (let n = 0; n < numEnvs; n++) {
        if (active[n] === 0) continue;
        active[n] = 0;
        shown.activeCount -= 1;
        totals.incompleteTrials += 1;
        try {
          if (driver.cutShort(n, reason)) totals.episodes += 1;
        } catch (error) {
          failures.push(error); // the trials of the other envs are given up all the same
        }
      }
      if (failures.length > 0) throw failures[0];
    },
    durableTrials: driver.durableTrials,
    whenDurable: driver.whenDurable,
  };
}
