/**
 * The making of labels of one name: reads shards in order, hands their trials to sessions, writes a shard's labels when all its
 * trials are labelled, and enters them in the manifest when all shards are. A session that ends early gives its trials back, for
 * the next one.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import { requireNoLinks, UnreadableFile } from "../../datasets/files/read-file.js";
import { corruptIfRefused } from "../../datasets/folder/dataset-sql.js";
import { type LabelHead, labelFolder } from "../../datasets/folder/label-folder.js";
import type { LabelRequest, LabelSeat } from "../sessions/labels.js";
import type { Limits } from "../sessions/limits.js";
import { createPlay } from "../sessions/play.js";
import type { Task } from "../tasks/task.js";
import { type FolderLock, lockFolder } from "../trajectories/lock.js";
import { type IndexedShard, indexDataset } from "./dataset-index.js";
import { enterLabels } from "./enter-labels.js";
import { knownTasks } from "./known-tasks.js";
import { checkSameExpert, findHead, headOf, LABEL_TMP, requireNobodys, writeHead } from "./label-head.js";
import { createLabelShard, type LabelShard } from "./label-shard.js";
import { type LabelThread, startLabelThread } from "./label-thread.js";
import { type LabelSource, recordedDriver } from "./recorded-driver.js";

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

/** Shards are read ahead while they take no more memory than this, and at least one is. */
const HELD_BYTES = 128 << 20;

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
  /** Shards that were not read yet, in order. */
  const unread = shards.filter(({ labelled }) => !labelled);
  /** Shards in memory with what they take, until they are written. */
  const held = new Map<LabelShard, number>();
  const waiting = new Map<LabelSeat, LabelRequest>();
  let remaining = unread.reduce((sum, { parts }) => sum + parts.reduce((trials, part) => trials + part.trials, 0), 0);
  /** Whose labels they are, once the folder is taken. */
  let head: LabelHead | undefined;
  let lock: FolderLock | undefined;
  let taking: Promise<void> | undefined;
  let thread: LabelThread | undefined;
  let reading = false;
  let entering = false;
  let failure: unknown;
  let over = false;

  /** @throws TRIALS_BROKEN if it can be told already that there are not whole trials in every shard */
  function checkWhole(): void {
    for (const { path, parts } of unread) {
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

  function checkPlaysAll(request: LabelRequest): void {
    for (const { parts } of shards) {
      for (const { task, taskOptionsJson } of parts) {
        const { name: family, kinds } = tasks.of(task, taskOptionsJson);
        if (playsTask(request.tasks, family, kinds)) continue;
        throw new IcrlError(
          "TASK_UNSUPPORTED",
          `agent "${request.agent}" declares ${request.tasks.join(", ")}: the dataset has task "${family}", which is ${kinds.join(", ")}`,
        );
      }
    }
  }

  /** Locks the labels' folder, puts it in order, and writes whose they are. */
  async function takeFolder(request: LabelRequest): Promise<void> {
    const folder = labelFolder(dir, name);
    try {
      makeFolder(folder);
      lock = await lockFolder(folder, { onLost: fail });
      if (over) return lock.release();
      const found = findHead(dir, name);
      if (found !== undefined) checkSameExpert(found, headOf(request));
      else requireNobodys(folder);
      for (const file of readdirSync(folder)) if (LABEL_TMP.test(file)) rmSync(join(folder, file), { force: true });
      head = found ?? headOf(request);
      if (found === undefined) writeHead(dir, head);
    } catch (error) {
      lock?.release();
      throw error instanceof IcrlError ? error : unwritable(error);
    }
  }

  /** Labels are written into the dataset, not where a link in it leads: @throws DATASET_CORRUPT */
  function makeFolder(folder: string): void {
    try {
      requireNoLinks(dir, "labels", join("labels", name));
      mkdirSync(folder, { recursive: true });
      requireNoLinks(folder, ...readdirSync(folder));
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      throw new IcrlError("DATASET_CORRUPT", error.message, { folder: dir });
    }
  }

  function unwritable(error: unknown): IcrlError {
    const text = error instanceof Error ? error.message : String(error);
    return new IcrlError(
      "LOG_UNWRITABLE",
      `labels "${name}" in ${dir} cannot be written (${text}): free space or mend the disk`,
      { folder: dir },
    );
  }

  function end(): void {
    if (over) return;
    over = true;
    thread?.close();
    lock?.release();
    held.clear();
  }

  function checkNotOver(): void {
    if (over) throw failure ?? new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
  }

  /** Nothing more can be labelled: those who wait are told now, those who label at the end of a trial. */
  function fail(error: unknown): void {
    if (over) return;
    failure = error;
    const seats = [...waiting.keys()];
    waiting.clear();
    end();
    for (const seat of seats) seat.fail(error);
  }

  /** Bytes that a shard takes in memory, about. */
  function bytesOf(shard: IndexedShard): number {
    let bytes = 0;
    for (const { task, taskOptionsJson, steps } of shard.parts) {
      // Action, reward, observation, label, and the probabilities of all actions: 4 bytes each.
      bytes += 4 * steps * (4 + tasks.of(task, taskOptionsJson).numActions);
    }
    return bytes;
  }

  /** Reads the next shards while there is room for them, and opens what there is for those who wait. */
  async function readAhead(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      for (let [next] = unread; next !== undefined && !over; [next] = unread) {
        const bytes = bytesOf(next);
        let heldBytes = 0;
        for (const size of held.values()) heldBytes += size;
        if (held.size > 0 && heldBytes + bytes > HELD_BYTES) break;
        thread ??= startLabelThread();
        const { path, name: shardName } = next;
        const recorded = await corruptIfRefused(path, () => (thread as LabelThread).read(path));
        if (over) return;
        unread.shift();
        if (recorded.episodes.length > 0) held.set(createLabelShard(shardName, path, recorded, tasks), bytes);
        offer();
      }
    } catch (error) {
      fail(error);
    } finally {
      reading = false;
    }
    offer();
  }

  /** The task whose trials come next. */
  function nextTask(): Task | undefined {
    for (const shard of held.keys()) {
      const task = shard.nextTask();
      if (task !== undefined) return task;
    }
    return undefined;
  }

  const source: LabelSource = {
    take(task) {
      checkNotOver();
      for (const shard of held.keys()) {
        const trial = shard.take(task);
        if (trial !== undefined) return trial;
      }
      return undefined;
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
      lock?.check();
      await (thread as LabelThread).write({
        path: join(labelFolder(dir, name), shard.name),
        episodeIds: shard.recorded.episodes.map(({ id }) => id),
        labels: shard.labels,
      });
    } catch (error) {
      return fail(error instanceof IcrlError ? error : unwritable(error));
    }
    held.delete(shard);
    void readAhead();
  }

  /** Most envs that a session should have: what it asks for, as far as its messages stay within their bound. */
  function mostEnvs(request: LabelRequest, task: Task): number {
    const rows = Math.floor((PROBABILITIES_SHARE * limits.max_message_bytes) / (4 * task.numActions));
    return Math.min(request.numEnvs, Math.max(1, rows));
  }

  /** Once there is nothing left to label: the labels become part of the dataset, and then those who wait are told. */
  async function finish(): Promise<void> {
    if (entering || over) return;
    entering = true;
    try {
      lock?.check();
      await enterLabels(dir, name);
    } catch (error) {
      return fail(error instanceof IcrlError ? error : unwritable(error));
    }
    const seats = [...waiting.keys()];
    waiting.clear();
    end();
    for (const seat of seats) seat.finish();
  }

  /** Opens trials for those who wait. */
  function offer(): void {
    if (held.size === 0 && unread.length === 0) return void finish();
    try {
      for (const [seat, request] of waiting) {
        const task = nextTask();
        if (task === undefined) return;
        const most = mostEnvs(request, task);
        let trials = 0;
        for (const shard of held.keys()) trials += shard.waiting(task);
        if (trials <= 2 * most && reading) return; // there may be more in a moment
        waiting.delete(seat);
        // Half of what there is, so that a second session can label beside this one.
        const numEnvs = trials > 2 * most ? most : Math.ceil(trials / 2);
        seat.open(createPlay(recordedDriver(name, task, numEnvs, source), numEnvs), remaining);
      }
    } catch (error) {
      fail(error);
    }
  }

  return {
    get over() {
      return over;
    },
    async request(request, seat) {
      checkPlaysAll(request);
      checkWhole();
      const mine = taking ?? takeFolder(request);
      taking = mine;
      try {
        await mine;
      } catch (error) {
        if (taking === mine) taking = undefined; // whoever comes next may have better luck
        throw error;
      }
      if (over || head === undefined) return false;
      checkSameExpert(head, headOf(request));
      waiting.set(seat, request);
      void readAhead();
      return true;
    },
    leave: (seat) => void waiting.delete(seat),
    close: end,
  };
}
