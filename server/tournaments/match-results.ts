/**
 * What an entrant's trials on one task came to. Regret curves are folded in the order of the trials, so that the statistics do not
 * depend on who finished first, nor on how often the tournament was interrupted.
 */
import type { TrialResult } from "../matches/trial-source.js";
import { curveLength, curveSteps } from "../tasks/curve-steps.js";
import type { Task } from "../tasks/task.js";
import { type Curve, createCurve } from "./curve.js";
import { explorationOf, hasFixedArms } from "./exploration.js";

/** What a trial left behind: by the session that played it, or in the log of an earlier run. */
export type PlayedTrial = Pick<TrialResult, "steps" | "return" | "regret" | "curve" | "actions" | "regrets">;

/** Results so far. Arrays are [trials]; entries of unfinished trials are 0. */
export interface MatchResults {
  /** Pseudo-regret; uniform play's for a forfeited trial. */
  readonly regrets: Float64Array;
  /** Sum of rewards; NaN for a forfeited trial. */
  readonly returns: Float64Array;
  /** Of bandits with fixed arms, else undefined: whether no best arm was played in the second half, 0 or 1; NaN for a forfeited trial. */
  readonly suffixFailures: Float64Array | undefined;
  /** Likewise: K * MinFrac. */
  readonly minFractions: Float64Array | undefined;
  readonly curve: Curve;
  readonly completeTrials: number;
  readonly forfeits: number;
}

/** Results to which trials are added, each once. */
export interface GrowingResults extends MatchResults {
  /** The first trial without a result. */
  readonly first: number;
  /** Whether the curves that wait for the first one's result take as much memory as they may: no other should be played now. */
  readonly crowded: boolean;
  /** Whether a trial's result is here. */
  has(trial: number): boolean;
  /** Takes a trial that was played to its end; its curve is copied where it has to wait for an earlier trial's. */
  complete(trial: number, played: PlayedTrial): void;
  /** Takes a trial that nobody will play, with uniform play's cumulative regret in its place. */
  forfeit(trial: number, uniform: Float64Array): void;
}

/** Bytes that curves may take, all matches of a tournament together, which wait for an earlier trial. */
const EARLY_BYTES = 64 << 20;

/** The share of one of so many matches: enough for two, and no more than all. */
export function earlyBytesOf(task: Task, trials: number, matches: number): number {
  const curve = 8 * curveLength(task);
  return Math.min(trials * curve, Math.max(2 * curve, EARLY_BYTES / matches));
}

/**
 * No result yet.
 *
 * @param earlyBytes bytes of curves that may wait for an earlier trial before the match is crowded
 * @param instances that the trials take in turn; undefined: each has its own
 */
export function newResults(
  task: Task,
  trials: number,
  earlyBytes = EARLY_BYTES,
  instances: number | undefined = undefined,
): GrowingResults {
  const regrets = new Float64Array(trials);
  const returns = new Float64Array(trials);
  const suffixFailures = hasFixedArms(task) ? new Float64Array(trials) : undefined;
  const minFractions = hasFixedArms(task) ? new Float64Array(trials) : undefined;
  const done = new Uint8Array(trials);
  const curve = createCurve(curveSteps(task), instances);
  /** Curves that finished before an earlier trial did. */
  const early = new Map<number, Float64Array>();
  let waitingBytes = 0;
  let folded = 0;
  let completeTrials = 0;
  let forfeits = 0;

  function finish(trial: number, regret: number, trialReturn: number, regretCurve: Float64Array): void {
    done[trial] = 1;
    regrets[trial] = regret;
    returns[trial] = trialReturn;
    if (trial === folded) {
      curve.add(regretCurve);
      folded += 1;
    } else {
      early.set(trial, regretCurve.slice());
      waitingBytes += regretCurve.byteLength;
    }
    for (let waiting = early.get(folded); waiting !== undefined; waiting = early.get(folded)) {
      curve.add(waiting);
      early.delete(folded);
      waitingBytes -= waiting.byteLength;
      folded += 1;
    }
  }

  return {
    regrets,
    returns,
    suffixFailures,
    minFractions,
    curve,
    get completeTrials() {
      return completeTrials;
    },
    get forfeits() {
      return forfeits;
    },
    get first() {
      return folded;
    },
    get crowded() {
      return waitingBytes >= earlyBytes;
    },
    has: (trial) => done[trial] === 1,
    complete(trial, played) {
      completeTrials += 1;
      if (suffixFailures !== undefined && minFractions !== undefined) {
        const { suffixFailure, minFraction } = explorationOf(played.actions, played.regrets, task.numActions);
        suffixFailures[trial] = Number(suffixFailure);
        minFractions[trial] = minFraction;
      }
      finish(trial, played.regret, played.return, played.curve);
    },
    forfeit(trial, uniform) {
      forfeits += 1;
      if (suffixFailures !== undefined) suffixFailures[trial] = Number.NaN;
      if (minFractions !== undefined) minFractions[trial] = Number.NaN;
      finish(trial, uniform[uniform.length - 1], Number.NaN, uniform);
    },
  };
}
