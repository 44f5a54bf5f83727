/**
 * What is open in a session, or played inside the server: N envs that step together, and the trials that pass through them. Knows
 * nothing of messages' order, streams or deadlines, nor of where trials come from: that is its driver's.
 */
import { IcrlError, type Reason } from "../../common/errors.js";
import type { TrialSeeds } from "../../common/seeds.js";
import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";
import type { TrialEnd } from "../../proto/gen/icrl/v1/environment.js";
import type { Task } from "../tasks/task.js";
import type { Driver } from "./driver.js";
import { type Answer, type EnvReset, type LockStep, newLockStep } from "./lock-step.js";

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
  /** Whether nothing is left: no env is active, and there was no trial to take. */
  readonly exhausted: boolean;
  /** Whether agents are asked for the probabilities of all actions. */
  readonly wantsProbabilities: boolean;
  /** Whether agents may end episodes early, and hold envs: in free play. */
  readonly mayReset: boolean;
  /** Hands the first trials to the envs. */
  start(): Slices<LockStep>;
  /** One lock-step. It has pauses where it is long: none other begins before it is over. */
  step(answer: Answer): Slices<LockStep>;
  /** Ends episodes early, where that is allowed; no env takes a step. Has pauses as a step has. */
  reset(reset: EnvReset): Slices<LockStep>;
  /** No trial begins any more: what is under way hastens to its end. */
  takeNoMore(): void;
  /**
   * Gives up every unfinished trial, for a reason; a lock-step that is under way has to be given up before. Throws what failed in one of
   * them once it is through.
   */
  abort(reason: Reason): void;
  /** Ended recorded trials that are durable, in the order of their ends. @throws LOG_UNWRITABLE */
  durableTrials(): number;
  /** Resolves once all recorded trials are durable. @throws LOG_UNWRITABLE */
  whenDurable(): Promise<void>;
}

/** A play from inside. */
interface Playing {
  readonly driver: Driver;
  readonly shown: LockStep;
  readonly totals: PlayTotals;
  /** [N] envs whose episode ended with this lock-step, ascending, in its first `shown.ended`. */
  readonly ended: Int32Array;
  /** Of those, how many are dealt with. */
  dealtWith: number;
  /** Tells, when operations have been done, whether it is time for a pause. */
  readonly enough: (operations: number) => boolean;
  /** Whether trials may still begin. */
  takesMore: boolean;
  /** Whether there was no trial to take. */
  noneLeft: boolean;
}

/** Envs that nothing has happened in yet. */
export function createPlay(driver: Driver): Play {
  const { task, numEnvs } = driver;
  const tells = { executed: driver.tellsExecuted, finalFeatures: driver.knowsFinalFeatures };
  const shown = newLockStep(task, numEnvs, tells);
  const totals: PlayTotals = { completeTrials: 0, incompleteTrials: 0, episodes: 0, steps: 0 };
  const playing: Playing = {
    driver,
    shown,
    totals,
    ended: new Int32Array(numEnvs),
    dealtWith: 0,
    enough: workMeter(OPERATIONS_PER_SLICE),
    takesMore: true,
    noneLeft: false,
  };
  return {
    task,
    numEnvs,
    totals,
    active: shown.active,
    wantsProbabilities: driver.wantsProbabilities,
    mayReset: driver.resets !== undefined,
    get activeCount() {
      return shown.activeCount;
    },
    get exhausted() {
      return playing.noneLeft && shown.activeCount === 0;
    },
    *start() {
      // That one has none says nothing of the others: each may have a series of its own, and play on where it was.
      for (let n = 0; n < numEnvs; n++) yield* startTrial(playing, n);
      return show(playing);
    },
    step: (answer) => step(playing, answer),
    reset: (asked) => reset(playing, asked),
    takeNoMore() {
      playing.takesMore = false;
    },
    abort(reason) {
      const failures: unknown[] = [];
      playing.takesMore = false;
      try {
        while (playing.dealtWith < shown.ended) endEpisode(playing);
      } catch (error) {
        // What cannot be recorded is cut short.
        if (!(error instanceof IcrlError && error.reason === "LOG_UNWRITABLE")) failures.push(error);
      }
      cutAllShort(driver, shown, totals, reason, failures);
      if (failures.length > 0) throw failures[0];
    },
    durableTrials: driver.durableTrials,
    whenDurable: driver.whenDurable,
  };
}

/** All envs that are to take a step take it; where that ends an episode, the next one begins, or the next trial. */
function* step(playing: Playing, answer: Answer): Slices<LockStep> {
  const { driver, shown, totals, ended, enough } = playing;
  const { numEnvs, work } = driver;
  const { active } = shown;
  const envsInSlice = Math.max(1, Math.floor(OPERATIONS_PER_SLICE / work.step));
  nothingEnded(shown);
  playing.dealtWith = 0;
  const flags = answer.acting ?? active;
  for (let from = 0; from < numEnvs; from += envsInSlice) {
    const to = Math.min(numEnvs, from + envsInSlice);
    const acting = to - from === numEnvs && flags === active ? shown.activeCount : countOnes(flags, from, to);
    totals.steps += acting;
    driver.step(answer, shown, { from, to, acting }, ended);
    if (enough(acting * work.step)) yield;
  }
  while (playing.dealtWith < shown.ended) {
    const n = endEpisode(playing);
    if (enough(work.end)) yield;
    if (active[n] === 0) yield* startTrial(playing, n);
  }
  return show(playing);
}

/** Nobody takes a step; the episodes of some envs end. */
function* reset(playing: Playing, { envs, mode, seeds, agentMs }: EnvReset): Slices<LockStep> {
  const { driver, shown, totals, enough } = playing;
  const { resets } = driver;
  if (resets === undefined) throw new Error("a reset outside of free play");
  nothingEnded(shown);
  playing.dealtWith = 0;
  shown.rewards.fill(0);
  resets.begin(agentMs);
  for (const [i, n] of envs.entries()) {
    showFinal(driver, shown, n, shown.cut); // the next one's where this one is not cut short
    const { episode, trial } = resets.end(n, mode !== "next episode");
    if (episode) {
      shown.truncated[n] = 1;
      shown.cut += 1;
      totals.episodes += 1;
    }
    if (enough(driver.work.end)) yield;
    if (trial === undefined) continue;
    endTrial(playing, n, trial);
    yield* startTrial(playing, n, seeds.at(i));
  }
  return show(playing);
}

/** Takes the next trial into env n, in place of whose seeds others may be given. @returns whether there was one left */
function* startTrial(playing: Playing, n: number, seeds?: TrialSeeds): Slices<boolean> {
  const { driver, shown, enough } = playing;
  const starting = driver.startTrial(n, seeds);
  try {
    while (playing.takesMore) {
      const slice = starting.next();
      if (slice.done !== true) {
        yield slice.value;
        continue;
      }
      playing.noneLeft = slice.value === undefined;
      if (slice.value === undefined) return false;
      shown.active[n] = 1;
      shown.activeCount += 1;
      shown.trialStarts.push(slice.value);
      if (enough(driver.work.start)) yield;
      return true;
    }
    return false;
  } finally {
    starting.return(undefined);
  }
}

/** Ends the next of the episodes that are over: the trial's next one begins, or the trial ends, too. @returns its env */
function endEpisode(playing: Playing): number {
  const { driver, shown, totals, ended } = playing;
  const row = playing.dealtWith++;
  const n = ended[row];
  shown.terminated[n] = 1;
  showFinal(driver, shown, n, row);
  totals.episodes += 1;
  const end = driver.endEpisode(n);
  if (end !== undefined) endTrial(playing, n, end);
  return n;
}

function endTrial({ shown, totals }: Playing, n: number, end: TrialEnd): void {
  if (end.complete) totals.completeTrials += 1;
  else totals.incompleteTrials += 1;
  shown.active[n] = 0;
  shown.activeCount -= 1;
  shown.trialEnds.push(end);
}

function show({ driver, shown }: Playing): LockStep {
  showObservations(driver, shown);
  shown.durableTrials = driver.durableTrials();
  return shown;
}

/** Before a lock-step. */
function nothingEnded(shown: LockStep): void {
  if (shown.ended > 0) shown.terminated.fill(0);
  if (shown.cut > 0) shown.truncated.fill(0);
  shown.first = false;
  shown.ended = 0;
  shown.cut = 0;
  shown.trialStarts = [];
  shown.trialEnds = [];
}

/** Gives up the trials of all envs, and takes what fails in one: those of the others are given up all the same. */
function cutAllShort(driver: Driver, shown: LockStep, totals: PlayTotals, reason: Reason, failures: unknown[]): void {
  const { active } = shown;
  for (let n = 0; n < active.length; n++) {
    if (active[n] === 0) continue;
    active[n] = 0;
    shown.activeCount -= 1;
    totals.incompleteTrials += 1;
    try {
      if (driver.cutShort(n, reason)) totals.episodes += 1;
    } catch (error) {
      failures.push(error);
    }
  }
}

function countOnes(flags: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let n = from; n < to; n++) count += flags[n];
  return count;
}

/** What env n shows last in its episode, which is over, as row `row`. */
function showFinal(driver: Driver, { finalStates, finalFeatures, active }: LockStep, n: number, row: number): void {
  if (finalStates.length > 0) finalStates[row] = driver.observation(n);
  else if (finalFeatures !== undefined && finalFeatures.length > 0)
    finalFeatures.set(driver.features(n), (row * finalFeatures.length) / active.length);
}

/** What all envs show now, nothing where they are inactive. */
function showObservations(driver: Driver, { active, states, features }: LockStep): void {
  for (let n = 0; n < states.length; n++) states[n] = active[n] === 0 ? 0 : driver.observation(n);
  const size = features.length / active.length;
  for (let n = 0; n < active.length && size > 0; n++) {
    if (active[n] === 0) features.fill(0, n * size, (n + 1) * size);
    else features.set(driver.features(n), n * size);
  }
}
