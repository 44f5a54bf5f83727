/** One entrant on one task: hands out its trials, takes their results, and knows where it stands. */
import type { Clock } from "../../common/clock.js";
import type { Reason } from "../../common/errors.js";
import { type TrialSeeds, type TrialSeries, trialSeeds } from "../../common/seeds.js";
import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";
import type { Assignable } from "../matches/assignment.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import type { WorkLine } from "../work/work-queue.js";
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
   * Forfeits every trial that is not played, in slices: uniform play's regret of 100,000 instances can take minutes. Those in flight in
   * other sessions may still finish.
   */
  giveUp(forfeit: Forfeit): void;
  /** Takes a trial that an earlier run of the server logged; one that is known already is left as it is. */
  recover(trial: number, played: PlayedTrial): void;
  /** Takes what was taken in a trial that its agent left in an earlier run of the server: it is taken again. */
  restore(trial: number, taken: Int32Array): void;
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
  /** An agent left a trial, further than whoever left it before. */
  leftTrial(trial: number, taken: Int32Array): void;
  /** Whether entrants may leave now and come back later. */
  mayLeave(): boolean;
  /** Told what fails where no session can be. */
  failed(error: unknown): void;
  /** Whether the tournament was cancelled: nothing is played or forfeited any more. */
  cancelled(): boolean;
}

/** Reasons for which an entrant leaves that may leave: a process that was stopped, or a network that went dead, only falls silent. */
const LEAVES: readonly Reason[] = ["CONNECTION_LOST", "AGENT_CLOSED", "ACT_TIMEOUT"];

/** An entrant that left so often without a trial played in between will not make it. */
const MOST_DEPARTURES = 50;

/** The same where it fell silent each time: that takes long, and what comes back and answers no more has failed rather than left. */
const MOST_SILENCES = 5;
/** Operations of forfeiting a trial beside uniform play's regret: its seeds and its place among the results. */
const FORFEIT_WORK = 15_000;

/** What a match needs of its server. */
export interface MatchContext {
  /** By which steps are told of. */
  readonly clock: Clock;
  /** Where trials are forfeited. */
  readonly work: WorkLine;
}

/** Makes a match of the trials of a series. @param earlyBytes of its results: see newResults */
export function createMatch(
  series: TrialSeries,
  task: Task,
  trials: number,
  events: MatchEvents,
  { clock, work }: MatchContext,
  earlyBytes?: number,
): TournamentMatch {
  const seedsOf = (trial: number) => trialSeeds(series, BigInt(trial));
  const drawn = (trial: number) => ({ seeds: seedsOf(trial), seriesSeed: series.seed });
  const results = newResults(task, trials, earlyBytes, series.instances);
  let forfeit: Forfeit | undefined;
  let forfeiting = false;
  let left = false;
  const absences = noAbsences();
  let opened = false;
  const handOut = createHandOut(results, trials, drawn, clock, {
    isOpen: () => forfeit === undefined && !events.cancelled(),
    playsOn: () => events.mayLeave(),
    taken() {
      left = false;
      if (!opened) events.opened();
      opened = true;
    },
    played() {
      absences.forget();
      if (results.completeTrials === trials) events.finished();
      handedBack();
    },
    left: events.leftTrial,
    returned: () => handedBack(),
    stepped: events.changed,
    failed: events.failed,
  });

  /** A trial is no longer in play; what was crowded need not be any more. */
  function handedBack(): void {
    if (forfeit !== undefined) forfeitUnplayed();
    events.changed();
  }

  const standing = () => standingOf(results, trials, handOut.begun);

  function forfeitUnplayed(): void {
    if (forfeiting) return;
    forfeiting = true;
    work.start(forfeitTrials());
  }

  function* forfeitTrials(): Slices<void> {
    const enough = workMeter(OPERATIONS_PER_SLICE);
    for (let trial = handOut.take(); trial !== undefined && !events.cancelled(); trial = handOut.take()) {
      const { taskSeed, noiseSeed } = seedsOf(trial);
      results.forfeit(trial, yield* uniformRegret(task, taskSeed, noiseSeed));
      if (!enough(task.cost.uniform + FORFEIT_WORK)) continue;
      events.changed();
      yield;
    }
    forfeiting = false;
    events.changed();
  }

  function giveUp(why: Forfeit): void {
    if (forfeit !== undefined || results.completeTrials === trials || events.cancelled()) return;
    forfeit = why;
    left = false;
    events.forfeited(why);
    forfeitUnplayed();
  }

  const forfeitsBy = (reason: Reason) => !(events.mayLeave() && LEAVES.includes(reason));

  return {
    ...{ taskId: series.taskId, task, entrant: series.entrant, trials },
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
    abandoned(reason, message, unheard = false) {
      if (!unheard && forfeitsBy(reason)) return giveUp({ reason, message });
      if (left) return; // another session of it left before, and nobody has gone on since: it is one departure
      left = true;
      const text = absences.tooMany(unheard ? "ACT_TIMEOUT" : reason, message); // silence as well
      if (text !== undefined) giveUp({ reason, message: text });
    },
    recover(trial, played) {
      if (results.has(trial)) return;
      handOut.stepCount.found(played.steps);
      results.complete(trial, played);
    },
    restore: handOut.restore,
  };
}

function standingOf({ completeTrials, forfeits }: MatchResults, trials: number, begun: boolean): Standing {
  if (completeTrials + forfeits === trials) return "finished";
  return begun || completeTrials > 0 ? "running" : "pending";
}

/** Counts how often an entrant that may leave has left since it played a trial. */
function noAbsences() {
  let departures = 0;
  let silences = 0;
  return {
    /** A trial is played. */
    forget() {
      departures = 0;
      silences = 0;
    },
    /** It has left once more; gives what is said of that where it is too often. */
    tooMany(reason: Reason, message: string): string | undefined {
      departures += 1;
      silences = reason === "ACT_TIMEOUT" ? silences + 1 : 0;
      if (departures < MOST_DEPARTURES && silences < MOST_SILENCES) return undefined;
      const times = departures < MOST_DEPARTURES ? silences : departures;
      return `${message}: ${times} times without a trial played in between`;
    },
  };
}
