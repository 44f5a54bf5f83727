/** Shards on their way through memory: read ahead in order while there is room, taken from trial by trial, written once all are labelled. */
import { join } from "node:path";
import { corruptIfRefused } from "../../datasets/folder/dataset-sql.js";
import type { Task } from "../tasks/task.js";
import type { IndexedShard } from "./dataset-index.js";
import type { KnownTasks } from "./known-tasks.js";
import { createLabelShard, type LabelShard, type LabelTrial } from "./label-shard.js";
import { type LabelThread, startLabelThread } from "./label-thread.js";

/** The shards that are still to be labelled. */
export interface ShardQueue {
  /** Whether none is left, neither to read nor in memory. */
  readonly empty: boolean;
  /** Whether one is being read. */
  readonly reading: boolean;
  /** The task whose trials come next, or undefined when none in memory is left to hand out. */
  nextTask(): Task | undefined;
  /** How many trials of a task are left to hand out. */
  waiting(task: Task): number;
  /** Hands out the next trial of a task. */
  take(task: Task): LabelTrial | undefined;
  /**
   * Reads the next shards while there is room for them; nothing where that is under way.
   *
   * @param onRead called after each
   * @throws DATASET_CORRUPT, TRIALS_BROKEN
   */
  readAhead(onRead: () => void): Promise<void>;
  /** Writes the labels of a shard into a folder and forgets it. @throws Error with the system's text if they cannot be written */
  write(shard: LabelShard, folder: string): Promise<void>;
  /** Stops reading and forgets everything. */
  close(): void;
}

/** Shards are read ahead while they take no more memory than this, and at least one is. */
const HELD_BYTES = 128 << 20;

/** A queue of shards in this order, none of them read yet. */
export function createShardQueue(shards: readonly IndexedShard[], tasks: KnownTasks): ShardQueue {
  const unread = [...shards];
  /** Shards in memory with what they take, until they are written. */
  const held = new Map<LabelShard, number>();
  let thread: LabelThread | undefined;
  let reading = false;
  let closed = false;

  /** The first that is not undefined of what the shards in memory give. */
  function first<T>(give: (shard: LabelShard) => T | undefined): T | undefined {
    for (const shard of held.keys()) {
      const given = give(shard);
      if (given !== undefined) return given;
    }
    return undefined;
  }

  return {
    get empty() {
      return held.size === 0 && unread.length === 0;
    },
    get reading() {
      return reading;
    },
    nextTask: () => first((shard) => shard.nextTask()),
    waiting(task) {
      let trials = 0;
      for (const shard of held.keys()) trials += shard.waiting(task);
      return trials;
    },
    take: (task) => first((shard) => shard.take(task)),
    async readAhead(onRead) {
      if (reading) return;
      reading = true;
      try {
        for (let [next] = unread; next !== undefined && !closed; [next] = unread) {
          const bytes = bytesOf(next, tasks);
          let heldBytes = 0;
          for (const size of held.values()) heldBytes += size;
          if (held.size > 0 && heldBytes + bytes > HELD_BYTES) break;
          thread ??= startLabelThread();
          const { path, name } = next;
          const recorded = await corruptIfRefused(path, () => (thread as LabelThread).read(path));
          if (closed) return;
          unread.shift();
          if (recorded.episodes.length > 0) held.set(createLabelShard(name, path, recorded, tasks), bytes);
          onRead();
        }
      } finally {
        reading = false;
      }
    },
    async write(shard, folder) {
      const episodeIds = shard.recorded.episodes.map(({ id }) => id);
      await (thread as LabelThread).write({ path: join(folder, shard.name), episodeIds, labels: shard.labels });
      held.delete(shard);
    },
    close() {
      closed = true;
      thread?.close();
      held.clear();
    },
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
