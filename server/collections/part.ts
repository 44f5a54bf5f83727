/** What one behaviour plays of one task of a collection. */
import type { Clock } from "../../common/clock.js";
import type { Reason } from "../../common/errors.js";
import { trialSeeds } from "../../common/seeds.js";
import type { Assignable } from "../matches/assignment.js";
import { createStepCount } from "../matches/step-count.js";
import type { TrialSource } from "../matches/trial-source.js";
import type { Share } from "./draw-behaviour.js";
import type { CheckedBehaviour, CheckedCollection, CollectedTask } from "./spec.js";

/** A part and how far it is. */
export interface CollectionPart extends Assignable {
  readonly task: CollectedTask;
  readonly behaviour: CheckedBehaviour;
  /** Trials of the part. */
  readonly trials: number;
  /** Trials that are played, those found in the log included. */
  readonly completeTrials: number;
  /** Steps taken by this process, those of trials under way included. */
  readonly steps: number;
  /** Why it does not go on. */
  readonly failureReason: Reason | "INTERNAL" | undefined;
  /** Gives it up, unless it has ended. */
  fail(reason: Reason | "INTERNAL"): void;
}

/** So many sessions in a row may die without one trial played. */
const MAX_FAILURES = 3;

/**
 * Makes a part.
 *
 * @param share its trials, of which it keeps those that are not played yet
 * @param clock by which steps are told of
 * @param onChange called after each result
 */
export function createPart(
  spec: CheckedCollection,
  task: CollectedTask,
  behaviour: CheckedBehaviour,
  share: Share,
  clock: Clock,
  onChange: () => void,
): CollectionPart {
  const { trials } = share;
  let { waiting } = share;
  const { id: taskId, instances } = task;
  const series = { purpose: "collect", seed: spec.seed, taskId, entrant: behaviour.name, instances } as const;
  /** Trials that nobody had yet: those that wait from here on. */
  let next = 0;
  /** Trials that were cut short, the next one last. */
  const again: number[] = [];
  let completeTrials = trials - waiting.length;
  const stepCount = createStepCount(clock, onChange);
  let failures = 0;
  let failureReason: CollectionPart["failureReason"];

  const source: TrialSource = {
    get remaining() {
      return failureReason === undefined ? BigInt(waiting.length - next + again.length) : 0n;
    },
    take() {
      if (failureReason !== undefined) return undefined;
      const trial = again.pop() ?? (next < waiting.length ? waiting[next++] : undefined);
      return trial === undefined
        ? undefined
        : { trialIndex: BigInt(trial), seriesSeed: series.seed, seeds: trialSeeds(series, BigInt(trial)) };
    },
    stepped: stepCount.stepped,
    done({ ticket, complete, steps }) {
      stepCount.ended(steps);
      if (complete) {
        completeTrials += 1;
        failures = 0;
        if (completeTrials === trials) letGo();
      } else again.push(Number(ticket.trialIndex));
      onChange();
    },
  };

  /** Nothing of it is handed out any more: what waited is not kept, as a part that is over may be for long. */
  function letGo(): void {
    waiting = new Int32Array(0);
    next = again.length = 0;
  }

  function fail(reason: Reason | "INTERNAL"): void {
    if (completeTrials === trials) return;
    failureReason ??= reason;
    letGo();
    onChange();
  }

  return {
    entrant: behaviour.name,
    source,
    task,
    behaviour,
    trials,
    get completeTrials() {
      return completeTrials;
    },
    get steps() {
      return stepCount.steps;
    },
    get failureReason() {
      return failureReason;
    },
    get finished() {
      return completeTrials === trials || failureReason !== undefined;
    },
    abandoned(reason) {
      failures += 1;
      if (failures >= MAX_FAILURES || reason === "AGENT_ABSENT") fail(reason);
    },
    fail,
  };
}
