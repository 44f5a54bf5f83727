/** The trials of a match on their way: to the sessions that play them, and back with what came of them. */
import type { Clock } from "../../common/clock.js";

import { createStepCount, type StepCount } from "../matches/step-count.js";
import type { TrialSource, TrialTicket } from "../matches/trial-source.js";
import type { GrowingResults, PlayedTrial } from "./match-results.js";

/** What the match says, and is told. */
export interface HandOutEvents {
  /** Whether trials are handed out still. */
  isOpen(): boolean;
  /** Whether trials that are cut short are played on. */
  playsOn(): boolean;
  /** A trial is handed out. */
  taken(): void;
  /** A trial was played, is durable and has its result. */
  played(): void;
  /** An agent left a trial, further than whoever left it before: these actions stand from now on. */
  left(trial: number, taken: Int32Array): void;
  /** A trial came back unplayed. */
  returned(): void;
  /** Called now and then while steps are taken and no trial ends. */
  stepped(): void;
  /** Told what fails where no session can be. */
  failed(error: unknown): void;
}

/** Trials to hand out. */
export interface HandOut {
  readonly source: TrialSource;
  readonly stepCount: StepCount;
  /** Whether any was taken. */
  readonly begun: boolean;
  /** Takes a trial that nobody plays: those that came back before those that nobody had; where the results are crowded, the first alone. */
  take(): number | undefined;
  /** An agent left a trial before the server was started again: these actions stand, where it was not played since. */
  restore(trial: number, taken: Int32Array): void;
}

/** Hands out the trials that have no result yet, and adds their results. */
export function createHandOut(
  results: GrowingResults,
  trials: number,
  drawn: (trial: number) => Pick<TrialTicket, "seeds" | "seriesSeed">,
  clock: Clock,
  events: HandOutEvents,
): HandOut {
  const stepCount = createStepCount(clock, events.stepped);
  /** Trials that came back unplayed. */
  const returned: number[] = [];
  /** Actions that were taken in those that were begun, by trial. */
  const taken = new Map<number, Int32Array>();
  let next = 0;
  /** Trials that are handed out now, or are played and not durable yet. */
  let inPlay = 0;

  /** The first trial without a result, if nobody plays it. */
  function takeFirst(): number | undefined {
    const { first } = results;
    const at = returned.indexOf(first);
    if (at >= 0) return returned.splice(at, 1)[0];
    if (first === trials || first < next) return undefined;
    next = first + 1;
    return first;
  }

  function take(): number | undefined {
    if (results.crowded) return takeFirst();
    const again = returned.shift();
    if (again !== undefined) return again;
    while (next < trials && results.has(next)) next += 1;
    return next < trials ? next++ : undefined;
  }

  function takeIn(trial: number, played: PlayedTrial): void {
    inPlay -= 1;
    taken.delete(trial);
    results.complete(trial, played);
    events.played();
  }

  /** Keeps what was taken in a trial; returns whether it had not come so far before. */
  function keepTaken(trial: number, actions: Int32Array): boolean {
    if (results.has(trial) || actions.length <= (taken.get(trial)?.length ?? 0)) return false;
    taken.set(trial, actions);
    return true;
  }

  function takeBack(trial: number): void {
    inPlay -= 1;
    returned.push(trial);
    events.returned();
  }

  const source: TrialSource = {
    get remaining() {
      if (!events.isOpen()) return 0n;
      if (results.crowded) return returned.includes(results.first) || results.first >= next ? 1n : 0n;
      return BigInt(trials - results.completeTrials - inPlay);
    },
    take() {
      const trial = events.isOpen() ? take() : undefined;
      if (trial === undefined) return undefined;
      inPlay += 1;
      events.taken();
      return { trialIndex: BigInt(trial), ...drawn(trial), taken: taken.get(trial) };
    },
    get wantsTaken() {
      return events.playsOn();
    },
    stepped: stepCount.stepped,
    done(result) {
      stepCount.ended(result.steps);
      const trial = Number(result.ticket.trialIndex);
      if (!result.complete) {
        // Of several attempts the longest counts: the others repeat its beginning.
        if (result.taken !== undefined && keepTaken(trial, result.taken)) events.left(trial, result.taken);
        return takeBack(trial);
      }
      if (result.whenDurable === undefined) return takeIn(trial, result);
      const kept = copyOf(result);
      // One that the log loses would be missing after a restart: it is played again.
      result
        .whenDurable()
        .then(
          () => takeIn(trial, kept),
          () => takeBack(trial),
        )
        .catch(events.failed);
    },
  };

  return {
    source,
    stepCount,
    take,
    restore: (trial, actions) => void keepTaken(trial, actions),
    get begun() {
      return next > 0;
    },
  };
}

/** With arrays of its own: those that came are used again. */
function copyOf({ steps, return: sum, regret, curve, actions, regrets }: PlayedTrial): PlayedTrial {
  return { steps, return: sum, regret, curve: curve.slice(), actions: actions.slice(), regrets: regrets.slice() };
}
