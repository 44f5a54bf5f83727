/** The shards of a dataset that are being labelled: read in order, ahead of those who label, as far as memory goes. */
import { corruptIfRefused } from "../../datasets/folder/dataset-sql.js";
import type { Task } from "../tasks/task.js";
import type { IndexedShard } from "./dataset-index.js";
import type { KnownTasks } from "./known-tasks.js";
import { createLabelShard, type LabelShard, type LabelTrial } from "./label-shard.js";
import type { RecordedShard } from "./recorded-shard.js";

/** Shards that are read, and those that will be. */
export interface HeldShards {
  /** Whether nothing is left to label. */
  readonly done: boolean;
  /** Whether more may come in a moment. */
  readonly reading: boolean;
  /** The task whose trials come next. */
  nextTask(): Task | undefined;
  /** How many trials of a task are there to be taken. */
  waiting(task: Task): number;
  /** The next trial of a task. */
  take(task: Task): LabelTrial | undefined;
  /** A shard's labels are written. */
  drop(shard: LabelShard): void;
  /** Reads the next shards while there is room for them. Never rejects. */
  readAhead(): Promise<void>;
  /** Forgets all that is held. */
  clear(): void;
}

/** What they say, and are told. */
export interface HeldShardsEvents {
  /** Whether anybody wants more. */
  wanted(): boolean;
  /** There may be something to open for those who wait. */
  came(): void;
  /** A shard cannot be read, or is not of whole trials. */
  failed(error: unknown): void;
}

/** Shards are read ahead while they take no more memory than this, and at least one is. */
const HELD_BYTES = 128 << 20;

/**
 * Shards that were not read yet, in order.
 *
 * @param read reads one
 */
export function createHeldShards(
  shards: readonly IndexedShard[],
  tasks: KnownTasks,
  read: (path: string) => Promise<RecordedShard>,
  events: HeldShardsEvents,
): HeldShards {
  const unread = [...shards];
  /** With what they take, until they are written. */
  const held = new Map<LabelShard, number>();
  let reading = false;

  function hasRoom(bytes: number): boolean {
    let heldBytes = 0;
    for (const size of held.values()) heldBytes += size;
    return held.size === 0 || heldBytes + bytes <= HELD_BYTES;
  }

  return {
    get done() {
      return held.size === 0 && unread.length === 0;
    },
    get reading() {
      return reading;
    },
    nextTask() {
      for (const shard of held.keys()) {
        const task = shard.nextTask();
        if (task !== undefined) return task;
      }
      return undefined;
    },
    waiting(task) {
      let trials = 0;
      for (const shard of held.keys()) trials += shard.waiting(task);
      return trials;
    },
    take(task) {
      for (const shard of held.keys()) {
        const trial = shard.take(task);
        if (trial !== undefined) return trial;
      }
      return undefined;
    },
    drop: (shard) => void held.delete(shard),
    async readAhead() {
      if (reading) return;
      reading = true;
      try {
        for (let [next] = unread; next !== undefined && events.wanted(); [next] = unread) {
          const { path, name } = next;
          const bytes = bytesOf(next, tasks);
          if (!hasRoom(bytes)) break;
          const recorded = await corruptIfRefused(path, () => read(path));
          if (!events.wanted()) return;
          unread.shift();
          if (recorded.episodes.length > 0) held.set(createLabelShard(name, path, recorded, tasks), bytes);
          events.came();
        }
      } catch (error) {
        events.failed(error);
      } finally {
        reading = false;
      }
      events.came();
    },
    clear: () => held.clear(),
  };
}

/** Bytes that a shard takes in memory, about. */
function bytesOf({ parts }: IndexedShard, tasks: KnownTasks): number {
  let bytes = 0;
  for (const { task, taskOptionsJson, steps } of parts) {
    // Action, reward, observation, label, and the probabilities of all actions: 4 bytes each.
    bytes += 4 * steps * (4 + tasks.of(task, taskOptionsJson).numActions);
  }
  return bytes;
}
