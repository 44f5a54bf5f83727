/**
 * One entrant on one task: hands out its trials, takes their results, and folds the regret curves in the order of the trials,
 * so that the statistics do not depend on who finished first, nor on how often the tournament was interrupted.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reason } from "../../common/errors.js";
import { type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import type { ScheduledMatch } from "../sessions/roster.js";
import { createStepCount } from "../sessions/step-count.js";
import type { TrialResult, TrialSource, TrialTicket } from "../sessions/trial-source.js";
import { curveSteps } from "../tasks/curve-steps.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import { type Curve, createCurve } from "./curve.js";
import { explorationOf, hasFixedArms } from "./exploration.js";

/** What a trial left behind: by the session that played it, or in the log of an earlier run. */
export type PlayedTrial = Pick<TrialResult, "steps" | "return" | "regret" | "curve" | "actions" | "regrets">;

/** Why a match was given up. */
export interface Forfeit {
  readonly reason: Reason;
  /** What happened, for people. */
  readonly message: string;
}

/** A match and its results so far. Arrays are [trials]; entries of unfinished trials are 0. */
export interface TournamentMatch extends ScheduledMatch {
  readonly taskId: string;
  readonly task: Task;
  readonly trials: number;
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
  readonly forfeit: Forfeit | undefined;
  /** Those of trials under way included. */
  readonly steps: number;
  /** Whether some trial was handed out, or was played before. */
  readonly started: boolean;
  /** Whether a session that played it left, and nobody has gone on with it since. */
  readonly left: boolean;
  /** Whether to be abandoned for this reason forfeits it: otherwise its trials wait for the entrant's return. */
  forfeitsBy(reason: Reason): boolean;
  /**
   * Forfeits every trial that is not played; those in flight in other sessions may still finish. Lets other work go on in between:
   * uniform play's regret of 100,000 instances can take minutes.
   */
  giveUp(forfeit: Forfeit): void;
  /** Takes a trial that an earlier run of the server logged; one that is known already is left as it is. */
  recover(trial: number, played: PlayedTrial): void;
  seedsOf(trial: number): TrialSeeds;
}

/** What a match tells its tournament. */
export interface MatchEvents {
  /** Something about it changed. */
  changed(): void;
  /** The first trial of this run of the server is handed out. */
  opened(): void;
  /** The last trial was played, and it was not given up before. */
  finished(): void;
  /** It is given up, before any trial counts as forfeited. */
  forfeited(forfeit: Forfeit): void;
  /** Whether entrants may leave now and come back later. */
  mayLeave(): boolean;
}

/** Reasons for which an entrant leaves that may leave. */
const LEAVES: readonly Reason[] = ["CONNECTION_LOST", "AGENT_CLOSED"];

/** An entrant that left so often without a trial played in between will not make it. */
const MOST_DEPARTURES = 50;

/** Longest time, in milliseconds, that forfeiting keeps everybody waiting. */
const SLICE_MS = 10;

/** Makes a match. */
export function createMatch(
  taskId: string,
  task: Task,
  entrant: string,
  seed: bigint,
  trials: number,
  events: MatchEvents,
): TournamentMatch {
  const series = { purpose: "tournament", seed, taskId, entrant } as const;
  const regrets = new Float64Array(trials);
  const returns = new Float64Array(trials);
  const suffixFailures = hasFixedArms(task) ? new Float64Array(trials) : undefined;
  const minFractions = hasFixedArms(task) ? new Float64Array(trials) : undefined;
  const done = new Uint8Array(trials);
  const curve = createCurve(curveSteps(task));
  /** Curves that finished before an earlier trial did. */
  const early = new Map<number, Float64Array>();
  /** Trials that were handed out and came back unplayed. */
  const returned: number[] = [];
  let next = 0;
  /** Trials that are handed out now, or are played and not durable yet. */
  let inPlay = 0;
  let folded = 0;
  let completeTrials = 0;
  let forfeits = 0;
  let forfeit: Forfeit | undefined;
  let forfeiting = false;
  const stepCount = createStepCount(events.changed);
  let left = false;
  let departures = 0;
  let opened = false;

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

  function completeTrial(trial: number, played: PlayedTrial): void {
    completeTrials += 1;
    if (suffixFailures !== undefined && minFractions !== undefined) {
      const { suffixFailure, minFraction } = explorationOf(played.actions, played.regrets, task.numActions);
      suffixFailures[trial] = Number(suffixFailure);
      minFractions[trial] = minFraction;
    }
    finishTrial(trial, played.regret, played.return, played.curve);
  }

  function forfeitTrial(trial: number): void {
    const seeds = seedsOf(trial);
    const uniform = uniformRegret(task, seeds.taskSeed, seeds.noiseSeed);
    forfeits += 1;
    if (suffixFailures !== undefined) suffixFailures[trial] = Number.NaN;
    if (minFractions !== undefined) minFractions[trial] = Number.NaN;
    finishTrial(trial, uniform[uniform.length - 1], Number.NaN, uniform);
  }

  /** A trial that nobody plays. */
  function unplayed(): number | undefined {
    const again = returned.shift();
    if (again !== undefined) return again;
    while (next < trials && done[next] === 1) next += 1;
    return next < trials ? next++ : undefined;
  }

  async function forfeitUnplayed(): Promise<void> {
    if (forfeiting) return;
    forfeiting = true;
    let sliceStart = performance.now();
    for (let trial = unplayed(); trial !== undefined; trial = unplayed()) {
      forfeitTrial(trial);
      if (performance.now() - sliceStart < SLICE_MS) continue;
      events.changed();
      await nextTurn();
      sliceStart = performance.now();
    }
    forfeiting = false;
    events.changed();
  }

  function giveUp(why: Forfeit): void {
    if (forfeit !== undefined || completeTrials === trials) return;
    forfeit = why;
    left = false;
    events.forfeited(why);
    void forfeitUnplayed();
  }

  const forfeitsBy = (reason: Reason) => !(events.mayLeave() && LEAVES.includes(reason));

  const source: TrialSource = {
    get remaining() {
      return forfeit === undefined ? BigInt(trials - completeTrials - inPlay) : 0n;
    },
    take(): TrialTicket | undefined {
      if (forfeit !== undefined) return undefined;
      const trial = unplayed();
      if (trial === undefined) return undefined;
      inPlay += 1;
      left = false;
      if (!opened) events.opened();
      opened = true;
      return { trialIndex: BigInt(trial), seeds: seedsOf(trial) };
    },
    stepped: stepCount.stepped,
    done(result: TrialResult) {
      stepCount.ended(result.steps);
      const trial = Number(result.ticket.trialIndex);
      if (!result.complete) return takeBack(trial);
      if (result.whenDurable === undefined) return takeIn(trial, result);
      const { curve: shown, actions, regrets: stepRegrets } = result;
      const kept = { ...result, curve: shown.slice(), actions: actions.slice(), regrets: stepRegrets.slice() };
      // One that the log loses would be missing after a restart: it is played again.
      result.whenDurable().then(
        () => takeIn(trial, kept),
        () => takeBack(trial),
      );
    },
  };

  function takeIn(trial: number, played: PlayedTrial): void {
    inPlay -= 1;
    departures = 0;
    completeTrial(trial, played);
    if (completeTrials === trials) events.finished();
    events.changed();
  }

  function takeBack(trial: number): void {
    inPlay -= 1;
    returned.push(trial);
    if (forfeit !== undefined) void forfeitUnplayed();
    events.changed();
  }

  return {
    taskId,
    task,
    entrant,
    trials,
    source,
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
    get forfeit() {
      return forfeit;
    },
    get steps() {
      return stepCount.steps;
    },
    get started() {
      return next > 0 || completeTrials > 0;
    },
    get finished() {
      return completeTrials + forfeits === trials;
    },
    get left() {
      return left;
    },
    forfeitsBy,
    abandoned(reason, message) {
      if (forfeitsBy(reason)) return giveUp({ reason, message });
      left = true;
      departures += 1;
      if (departures < MOST_DEPARTURES) return;
      giveUp({ reason, message: `${message}: ${departures} times without a trial played in between` });
    },
    giveUp,
    recover(trial, played) {
      if (done[trial] === 1) return;
      stepCount.found(played.steps);
      completeTrial(trial, played);
    },
    seedsOf,
  };
}
