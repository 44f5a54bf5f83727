/**
 * The making of labels of one name: reads shards in order, hands their trials to sessions, writes a shard's labels when all its
 * trials are labelled, and enters them in the manifest when all shards are. A session that ends early gives its trials back, for
 * the next one.
 */
import { IcrlError } from "../../common/errors.js";
import { labelFolder } from "../../datasets/folder/label-folder.js";
import type { LabelRequest, LabelSeat } from "../sessions/labels.js";
import type { Limits } from "../sessions/limits.js";
import type { Task } from "../tasks/task.js";
import { checkPlaysAll, checkWholeTrials } from "./check-labelling.js";
import { indexDataset } from "./dataset-index.js";
import { enterLabels } from "./enter-labels.js";
import { knownTasks } from "./known-tasks.js";
import { checkSameExpert, headOf } from "./label-head.js";
import { createLabelPlay, type LabelSource } from "./label-play.js";
import type { LabelShard } from "./label-shard.js";
import { createShardQueue, type ShardQueue } from "./shard-queue.js";
import { type TakenFolder, takeLabelFolder, unwritableLabels } from "./take-label-folder.js";

/** Labels being made. */
export interface Labelling {
  /** Whether all labels are durable and entered, or it stopped before. */
  readonly over: boolean;
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
 * @throws NOT_A_LOG
 */
export async function openLabelling(dir: string, name: string, limits: Limits): Promise<Labelling> {
  const tasks = knownTasks();
  const shards = await indexDataset(dir, name);
  const unlabelled = shards.filter(({ labelled }) => !labelled);
  const queue = createShardQueue(unlabelled, tasks);
  const waiting = new Map<LabelSeat, LabelRequest>();
  let remaining = unlabelled.flatMap(({ parts }) => parts).reduce((sum, { trials }) => sum + trials, 0);
  const folder = takenOnce((request) => takeLabelFolder(dir, request, fail, () => !over));
  let entering = false;
  let failure: unknown;
  let over = false;

  function end(): void {
    if (over) return;
    over = true;
    queue.close();
    folder.taken?.lock.release();
  }

  function checkNotOver(): void {
    if (over) throw failure ?? new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
  }

  /** Nothing more can be labelled: those who wait are told now, those who label at the end of a trial. */
  function fail(error: unknown): void {
    if (over) return;
    failure = error;
    end();
    for (const seat of emptied(waiting)) seat.fail(error);
  }

  /** Reads the next shards, and opens what there is for those who wait. */
  async function readAhead(): Promise<void> {
    if (queue.reading) return;
    try {
      await queue.readAhead(offer);
    } catch (error) {
      fail(error);
    }
    offer();
  }

  const source: LabelSource = {
    take(task) {
      checkNotOver();
      return queue.take(task);
    },
    done({ shard }) {
      checkNotOver();
      remaining -= 1;
      if (shard.done()) void write(shard);
    },
    giveBack(trial) {
      trial.shard.giveBack(trial);
      offer();
    },
  };

  async function write(shard: LabelShard): Promise<void> {
    try {
      folder.taken?.lock.check();
      await queue.write(shard, labelFolder(dir, name));
    } catch (error) {
      return fail(unwritableLabels(dir, name, error));
    }
    void readAhead();
  }

  /** Once there is nothing left to label: the labels become part of the dataset, and then those who wait are told. */
  async function finish(): Promise<void> {
    if (entering || over) return;
    entering = true;
    try {
      folder.taken?.lock.check();
      await enterLabels(dir, name);
    } catch (error) {
      return fail(unwritableLabels(dir, name, error));
    }
    end();
    for (const seat of emptied(waiting)) seat.finish();
  }

  /** Opens trials for those who wait. */
  function offer(): void {
    if (over) return;
    if (queue.empty) return void finish();
    try {
      offerTrials(queue, waiting, limits, (seat, task, numEnvs) =>
        seat.open(createLabelPlay(name, task, numEnvs, source), remaining),
      );
    } catch (error) {
      fail(error);
    }
  }

  return {
    get over() {
      return over;
    },
    async request(request, seat) {
      checkPlaysAll(shards, tasks, request);
      checkWholeTrials(unlabelled, tasks);
      const taken = await folder.take(request);
      if (over) taken?.lock.release(); // it ended in the moment between
      if (over || taken === undefined) return false;
      checkSameExpert(taken.head, headOf(request));
      waiting.set(seat, request);
      void readAhead();
      return true;
    },
    leave: (seat) => void waiting.delete(seat),
    close: end,
  };
}

/** The folder, taken for the first who asks: the others wait for that, and the next tries again where it failed. */
function takenOnce(take: (request: LabelRequest) => Promise<TakenFolder | undefined>) {
  let taking: Promise<TakenFolder | undefined> | undefined;
  let taken: TakenFolder | undefined;
  return {
    get taken() {
      return taken;
    },
    async take(request: LabelRequest): Promise<TakenFolder | undefined> {
      taking ??= take(request).then((folder) => {
        taken = folder;
        return folder;
      });
      const mine = taking;
      try {
        return await mine;
      } catch (error) {
        if (taking === mine) taking = undefined;
        throw error;
      }
    },
  };
}

/** The seats of a map, which has none afterwards. */
function emptied(waiting: Map<LabelSeat, LabelRequest>): LabelSeat[] {
  const seats = [...waiting.keys()];
  waiting.clear();
  return seats;
}

/** Opens trials for those who wait, as long as there are any. */
function offerTrials(
  queue: ShardQueue,
  waiting: Map<LabelSeat, LabelRequest>,
  limits: Limits,
  open: (seat: LabelSeat, task: Task, numEnvs: number) => void,
): void {
  for (const [seat, request] of waiting) {
    const task = queue.nextTask();
    if (task === undefined) return;
    const most = mostEnvs(request, task, limits);
    const trials = queue.waiting(task);
    if (trials <= 2 * most && queue.reading) return; // there may be more in a moment
    waiting.delete(seat);
    // Half of what there is, so that a second session can label beside this one.
    open(seat, task, trials > 2 * most ? most : Math.ceil(trials / 2));
  }
}

/** Most envs that a session should have: what it asks for, as far as its messages stay within their bound. */
function mostEnvs({ numEnvs }: LabelRequest, { numActions }: Task, { max_message_bytes }: Limits): number {
  const rows = Math.floor((PROBABILITIES_SHARE * max_message_bytes) / (4 * numActions));
  return Math.min(numEnvs, Math.max(1, rows));
}
