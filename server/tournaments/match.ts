/**
 * One entrant on one task: hands out its trials, takes their results, and folds the regret curves in the order of the trials,
 * so that the statistics do not depend on who finished first.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reason } from "../../common/errors.js";
import { type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import type { ScheduledMatch } from "../sessions/roster.js";
import type { TrialResult, TrialSource, TrialTicket } from "../sessions/trial-source.js";
import { curveSteps } from "../tasks/curve-steps.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import { type Curve, createCurve } from "./curve.js";

/** A match and its results so far. Arrays are [trials]; entries of unfinished trials are 0. */
export interface TournamentMatch extends ScheduledMatch {
  readonly taskId: string;
  readonly task: Task;
  readonly trials: number;
  /** Pseudo-regret; uniform play's for a forfeited trial. */
  readonly regrets: Float64Array;
  /** Sum of rewards; NaN for a forfeited trial. */
  readonly returns: Float64Array;
  readonly curve: Curve;
  readonly completeTrials: number;
  readonly forfeits: number;
  readonly forfeitReason: Reason | undefined;
  readonly steps: number;
  /** Whether some trial was handed out. */
  readonly started: boolean;
  /**
   * Forfeits every trial that is not played; those in flight in other sessions may still finish. Lets other work go on in between:
   * uniform play's regret of 100,000 instances can take minutes.
   */
  abandoned(reason: Reason): void;
  seedsOf(trial: number): TrialSeeds;
}

/** Longest time, in milliseconds, that forfeiting keeps everybody waiting. */
const SLICE_MS = 10;

/** Makes a match; `onChange` is called after each result. */
export function createMatch(
  taskId: string,
  task: Task,
  entrant: string,
  seed: bigint,
  trials: number,
  onChange: () => void,
): TournamentMatch {
  const series = { purpose: "tournament", seed, taskId, entrant } as const;
  const regrets = new Float64Array(trials);
  const returns = new Float64Array(trials);
  const done = new Uint8Array(trials);
  const curve = createCurve(curveSteps(task));
  /** Curves that finished before an earlier trial did. */
  const early = new Map<number, Float64Array>();
  /** Trials that were handed out and came back unplayed. */
  const returned: number[] = [];
  let next = 0;
  let folded = 0;
  let completeTrials = 0;
  let forfeits = 0;
  let forfeitReason: Reason | undefined;
  let forfeiting = false;
  let steps = 0;

  const seedsOf = (trial: number) => trialSeeds(series, BigInt(trial));

  function finishTrial(trial: number, regret: number, trialReturn: number, regretCurve: Float64Array): void {
    done[trial] = 1;
    regrets[trial] = regret;
    returns[trial] = trialReturn;
    if (trial === folded) {
      curve.add(regretCurve);
      folded += 1;
    } else early.set(trial, regretCurve.slice());
    for (let waiting = early.get(folded); waiting !== undefined; waiting = early.get(folded)) {
      curve.add(waiting);
      early.delete(folded);
      folded += 1;
    }
  }

  function forfeitTrial(trial: number): void {
    const seeds = seedsOf(trial);
    const uniform = uniformRegret(task, seeds.taskSeed, seeds.noiseSeed);
    forfeits += 1;
    finishTrial(trial, uniform[uniform.length - 1], Number.NaN, uniform);
  }

  /** A trial that nobody plays. */
  const unplayed = () => returned.shift() ?? (next < trials ? next++ : undefined);

  async function forfeitUnplayed(): Promise<void> {
    if (forfeiting) return;
    forfeiting = true;
    let sliceStart = performance.now();
    for (let trial = unplayed(); trial !== undefined; trial = unplayed()) {
      forfeitTrial(trial);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      onChange();
      await nextTurn();
      sliceStart = performance.now();
    }
    forfeiting = false;
    onChange();
  }

  const source: TrialSource = {
    get remaining() {
      return forfeitReason === undefined ? BigInt(trials - next + returned.length) : 0n;
    },
    take(): TrialTicket | undefined {
      if (forfeitReason !== undefined) return undefined;
      const trial = unplayed();
      return trial === undefined ? undefined : { trialIndex: BigInt(trial), seeds: seedsOf(trial) };
    },
    done(result: TrialResult) {
      const trial = Number(result.ticket.trialIndex);
      steps += result.steps;
      if (result.complete) {
        completeTrials += 1;
        finishTrial(trial, result.regret, result.return, result.curve);
      } else {
        returned.push(trial);
        if (forfeitReason !== undefined) void forfeitUnplayed();
      }
      onChange();
    },
  };

  return {
    taskId,
    task,
    entrant,
    trials,
    source,
    regrets,
    returns,
    curve,
    get completeTrials() {
      return completeTrials;
    },
    get forfeits() {
      return forfeits;
    },
    get forfeitReason() {
      return forfeitReason;
    },
    get steps() {
      return steps;
    },
    get started() {
      return next > 0;
    },
    get finished() {
      return completeTrials + forfeits === trials;
    },
    abandoned(reason) {
      if (forfeitReason !== undefined || completeTrials === trials) return;
      forfeitReason = reason;
      void forfeitUnplayed();
    },
    seedsOf,
  };
}
