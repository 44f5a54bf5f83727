/** One entrant on one task: hands out its trials, takes their results, and knows where it stands. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reason } from "../../common/errors.js";
import { type TrialSeeds, trialSeeds } from "../../common/seeds.js";
import type { Assignable } from "../matches/assignment.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import { createHandOut } from "./hand-out.js";
import { type MatchResults, newResults, type PlayedTrial } from "./match-results.js";

/** Why a match was given up. */
export interface Forfeit {
  readonly reason: Reason;
  /** What happened, for people. */
  readonly message: string;
}

/** Where a match stands. */
export type Standing = "pending" | "running" | "finished";

/** A match and its results so far. */
export interface TournamentMatch extends Assignable, MatchResults {
  readonly taskId: string;
  readonly task: Task;
  readonly trials: number;
  readonly forfeit: Forfeit | undefined;
  /** Those of trials under way included. */
  readonly steps: number;
  /** Where it stands: pending until a trial is handed out, or was played before. Every other word for it is derived from this. */
  readonly standing: Standing;
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
  /** Whether the tournament was cancelled: nothing is played or forfeited any more. */
  cancelled(): boolean;
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
  const seedsOf = (trial: number) => trialSeeds({ purpose: "tournament", seed, taskId, entrant }, BigInt(trial));
  const results = newResults(task, trials);
  let forfeit: Forfeit | undefined;
  let forfeiting = false;
  let left = false;
  let departures = 0;
  let opened = false;
  const handOut = createHandOut(results, trials, seedsOf, {
    isOpen: () => forfeit === undefined && !events.cancelled(),
    taken() {
      left = false;
      if (!opened) events.opened();
      opened = true;
    },
    played() {
      departures = 0;
      if (results.completeTrials === trials) events.finished();
      events.changed();
    },
    returned() {
      if (forfeit !== undefined) void forfeitUnplayed();
      events.changed();
    },
    stepped: events.changed,
  });

  function standing(): Standing {
    if (results.completeTrials + results.forfeits === trials) return "finished";
    return handOut.begun || results.completeTrials > 0 ? "running" : "pending";
  }

  async function forfeitUnplayed(): Promise<void> {
    if (forfeiting) return;
    forfeiting = true;
    let sliceStart = performance.now();
    for (let trial = handOut.take(); trial !== undefined && !events.cancelled(); trial = handOut.take()) {
      const { taskSeed, noiseSeed } = seedsOf(trial);
      results.forfeit(trial, uniformRegret(task, taskSeed, noiseSeed));
      if (performance.now() - sliceStart < SLICE_MS) continue;
      events.changed();
      await nextTurn();
      sliceStart = performance.now();
    }
    forfeiting = false;
    events.changed();
  }

  function giveUp(why: Forfeit): void {
    if (forfeit !== undefined || results.completeTrials === trials || events.cancelled()) return;
    forfeit = why;
    left = false;
    events.forfeited(why);
    void forfeitUnplayed();
  }

  const forfeitsBy = (reason: Reason) => !(events.mayLeave() && LEAVES.includes(reason));

  return {
    taskId,
    task,
    entrant,
    trials,
    source: handOut.source,
    regrets: results.regrets,
    returns: results.returns,
    suffixFailures: results.suffixFailures,
    minFractions: results.minFractions,
    curve: results.curve,
    forfeitsBy,
    giveUp,
    seedsOf,
    get completeTrials() {
      return results.completeTrials;
    },
    get forfeits() {
      return results.forfeits;
    },
    get forfeit() {
      return forfeit;
    },
    get steps() {
      return handOut.stepCount.steps;
    },
    get standing() {
      return standing();
    },
    get finished() {
      return standing() === "finished";
    },
    get left() {
      return left;
    },
    abandoned(reason, message) {
      if (forfeitsBy(reason)) return giveUp({ reason, message });
      left = true;
      departures += 1;
      if (departures < MOST_DEPARTURES) return;
      giveUp({ reason, message: `${message}: ${departures} times without a trial played in between` });
    },
    recover(trial, played) {
      if (results.has(trial)) return;
      handOut.stepCount.found(played.steps);
      results.complete(trial, played);
    },
  };
}
