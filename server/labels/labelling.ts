/**
 * The making of labels of one name: reads shards in order, hands their trials to sessions, writes a shard's labels when all its
 * trials are labelled, and enters them in the manifest when all shards are. A session that ends early gives its trials back, for
 * the next one.
 */
import { IcrlError } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import { isDataset, readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { LABELS_TAKE_TASKS, requireTruth } from "../../datasets/folder/truth-known.js";
import type { LabelRequest, LabelSeat } from "../sessions/labels.js";
import type { Limits } from "../sessions/limits.js";
import { createPlay } from "../sessions/play.js";
import type { Task } from "../tasks/task.js";
import { type IndexedShard, indexDataset } from "./dataset-index.js";
import { createHeldShards, type HeldShards } from "./held-shards.js";
import { type KnownTasks, knownTasks } from "./known-tasks.js";
import { checkSameExpert, headOf } from "./label-head.js";
import { type LabelPlace, labelPlace } from "./label-place.js";
import type { LabelShard } from "./label-shard.js";
import { type LabelSource, recordedDriver } from "./recorded-driver.js";

/** Trials of labels that are being made: those that had none when it began. */
export interface LabelCounts {
  /** Since then. */
  readonly labelled: number;
  readonly left: number;
}

/** Labels being made. */
export interface Labelling {
  /** Whether all labels are durable and entered, or it stopped before. */
  readonly over: boolean;
  /** How far it is. */
  readonly trials: LabelCounts;
  /**
   * Opens trials in the seat as soon as there are any; resolves with false where it is over, else once the request is taken.
   * @throws TASK_UNSUPPORTED, LABEL_CONFLICT; the first time also LOG_LOCKED, LOG_UNWRITABLE
   */
  request(request: LabelRequest, seat: LabelSeat): Promise<boolean>;
  /** Gives up waiting. */
  leave(seat: LabelSeat): void;
  /** Stops: labels of shards that are not complete are lost. */
  close(): void;
}

/** Part of the largest message that probabilities may fill. */
const PROBABILITIES_SHARE = 0.5;

/**
 * Finds out what is to be labelled.
 *
 * @param name of the labels
 * @param onOver called once when it is over, with the number of trials that were labelled: nothing more comes of it
 * @throws NOT_A_LOG
 * @throws TRUTH_UNKNOWN if it was imported
 */
export async function openLabelling(
  dir: string,
  name: string,
  limits: Limits,
  onOver: (labelled: number) => void,
): Promise<Labelling> {
  // What an expert is told of a task, this server would have to know of it.
  if (isDataset(dir)) requireTruth(dir, readDatasetManifest(dir), LABELS_TAKE_TASKS);
  const shards = await indexDataset(dir, name);
  return labellingOf(shards, { name, placeOf: (onLost) => labelPlace(dir, name, onLost), limits, onOver });
}

/** What a labelling is made with. */
interface Making {
  readonly name: string;
  placeOf(onLost: (error: unknown) => void): LabelPlace;
  readonly limits: Limits;
  onOver(labelled: number): void;
}

function labellingOf(shards: readonly IndexedShard[], { name, placeOf, limits, onOver }: Making): Labelling {
  const tasks = knownTasks();
  const unlabelled = shards.filter(({ labelled }) => !labelled);
  const waiting = new Map<LabelSeat, LabelRequest>();
  const total = unlabelled.reduce((sum, { parts }) => sum + parts.reduce((trials, part) => trials + part.trials, 0), 0);
  let remaining = total;
  let entering = false;
  let failure: unknown;
  let over = false;

  const place = placeOf(fail);
  const held = createHeldShards(unlabelled, tasks, place.read, { wanted: () => !over, came: offer, failed: fail });

  function end(): void {
    if (over) return;
    over = true;
    place.close();
    held.clear();
    onOver(total - remaining);
  }

  /** Those who wait, who do so no more. */
  function dismissed(): LabelSeat[] {
    const seats = [...waiting.keys()];
    waiting.clear();
    end();
    return seats;
  }

  function checkNotOver(): void {
    if (over) throw failure ?? new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
  }

  /** Nothing more can be labelled: those who wait are told now, those who label at the end of a trial. */
  function fail(error: unknown): void {
    if (over) return;
    failure = error;
    for (const seat of dismissed()) seat.fail(error);
  }

  const source: LabelSource = {
    take(task) {
      checkNotOver();
      return held.take(task);
    },
    done({ shard }) {
      checkNotOver();
      remaining -= 1;
      if (shard.done()) void complete(shard);
    },
    giveBack(trial) {
      trial.shard.giveBack(trial);
      offer();
    },
  };

  /** All trials of a shard are labelled. */
  async function complete(shard: LabelShard): Promise<void> {
    try {
      await place.write(shard);
    } catch (error) {
      return fail(error);
    }
    held.drop(shard);
    void held.readAhead();
  }

  /** Once there is nothing left to label: the labels become part of the dataset, and then those who wait are told. */
  async function finish(): Promise<void> {
    if (entering || over) return;
    entering = true;
    try {
      await place.enter();
    } catch (error) {
      return fail(error);
    }
    for (const seat of dismissed()) seat.finish();
  }

  /** Opens trials for those who wait. */
  function offer(): void {
    if (held.done) return void finish();
    for (const [seat, request] of waiting) {
      try {
        const found = nextFor(request, held, limits);
        if (found === undefined) return;
        waiting.delete(seat);
        seat.open(createPlay(recordedDriver(name, found.task, found.numEnvs, source)), remaining);
      } catch (error) {
        waiting.delete(seat); // whoever asked for this cannot have it; the others may
        seat.fail(error);
      }
    }
  }

  return {
    get over() {
      return over;
    },
    get trials() {
      return { labelled: total - remaining, left: remaining };
    },
    async request(request, seat) {
      checkPlaysAll(request, shards, tasks);
      checkWhole(unlabelled, tasks);
      await place.take(request);
      if (over || place.head === undefined) return false;
      checkSameExpert(place.head, headOf(request));
      waiting.set(seat, request);
      void held.readAhead();
      return true;
    },
    leave: (seat) => void waiting.delete(seat),
    close: end,
  };
}

/** What a session that waits should be given; undefined while there is nothing, or more may come in a moment. */
function nextFor(
  request: LabelRequest,
  held: HeldShards,
  limits: Limits,
): { readonly task: Task; readonly numEnvs: number } | undefined {
  const task = held.nextTask();
  if (task === undefined) return undefined;
  const most = mostEnvs(request, task, limits);
  const trials = held.waiting(task);
  if (trials > 2 * most) return { task, numEnvs: most };
  // Half of what there is, so that a second session can label beside this one.
  return held.reading ? undefined : { task, numEnvs: Math.ceil(trials / 2) };
}

/** Most envs that a session should have: what it asks for, as far as its messages stay within their bound. */
function mostEnvs(request: LabelRequest, task: Task, limits: Limits): number {
  const rows = Math.floor((PROBABILITIES_SHARE * limits.maxMessageBytes) / (4 * task.numActions));
  return Math.min(request.numEnvs, Math.max(1, rows));
}

/** @throws TRIALS_BROKEN if it can be told already that there are not whole trials in every shard */
function checkWhole(shards: readonly IndexedShard[], tasks: KnownTasks): void {
  for (const { path, parts } of shards) {
    for (const { task, taskOptionsJson, trials, episodes, incomplete } of parts) {
      const expected = trials * tasks.of(task, taskOptionsJson).episodes;
      if (episodes === expected && incomplete === 0) continue;
      throw new IcrlError(
        "TRIALS_BROKEN",
        `${path} has ${trials} trials of "${task}" with ${episodes} episodes, ${incomplete} of them incomplete, where ${expected} complete ones were expected: labels are made of whole trials, before episodes are left out`,
        { file: path },
      );
    }
  }
}

/** @throws TASK_UNSUPPORTED if there is a task that the agent does not play */
function checkPlaysAll(request: LabelRequest, shards: readonly IndexedShard[], tasks: KnownTasks): void {
  for (const { parts } of shards) {
    for (const { task, taskOptionsJson } of parts) {
      const { name: family, kinds } = tasks.of(task, taskOptionsJson);
      if (playsTask(request.tasks, family, kinds)) continue;
      throw new IcrlError(
        "TASK_UNSUPPORTED",
        `agent "${request.agent}" declares ${request.tasks.join(", ")}: the dataset has task "${family}", which is ${kinds.join(", ")}`,
        { agent: request.agent, task: family },
      );
    }
  }
}
