/** A log's queue of segments for the roll thread, kept as names; their rows stay on disk. */
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import type { LogEvent } from "./log-event.js";
import type { LogWriter } from "./roll.js";
import { useRollThread } from "./roll-thread.js";
import { tinyShards } from "./tiny-shards.js";

/** How long a segment that could not be rolled waits before it is tried again. */
const RETRY_MS = 10_000;

/** Rolls segments in the background. */
export interface Roller {
  /** Segments that are not rolled yet. */
  readonly waiting: number;
  /** Rolls a segment as soon as those before it are rolled. */
  enqueue(segment: SegmentFile): void;
  /**
   * Resolves once every segment that was enqueued is in a shard.
   * @throws the file system's error if one could not be rolled; it is kept and tried again later; or an error whose code is LOG_LOCKED
   *   if another has taken the log, whose they are now
   */
  drain(): Promise<void>;
  /** Joins tiny shards, where there are some. */
  compact(): Promise<void>;
  /** Ends its use of the thread. Segments that are left are rolled at the next open. */
  close(): Promise<void>;
}

/** A roller of one log, for its writer. */
export function openRoller(dir: string, writer: LogWriter, tell: (event: LogEvent) => void): Roller {
  const waiting: SegmentFile[] = [];
  const thread = useRollThread();
  let running: Promise<void> | undefined;
  /** Why the first of `waiting` could not be rolled when it was last tried. */
  let failure: Error | undefined;
  /** Why a segment was passed over until the next open: not the file system's doing, so that trying again would not help. */
  let passedOver: Error | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function work(): Promise<void> {
    failure = undefined;
    while (waiting.length > 0) {
      const [segment] = waiting;
      const { first } = segment;
      const outcome = await thread.run({ dir, writer, roll: segment });
      if ("error" in outcome) {
        const { message, code } = outcome.error;
        if (code === "LOG_LOCKED") {
          passedOver = Object.assign(new Error(message), { code });
          waiting.length = 0;
          return;
        }
        tell({ event: "segment_kept", segment: first, message, code });
        if (code === undefined) {
          passedOver = new Error(message);
          waiting.shift();
          continue;
        }
        failure = Object.assign(new Error(message), { code });
        if (!closed) retry = setTimeout(start, RETRY_MS).unref();
        return;
      }
      waiting.shift();
      const { damagedBytes, ...result } = outcome.result;
      if (damagedBytes > 0) tell({ event: "segment_damaged", segment: first, bytes: damagedBytes });
      tell({ event: "log_rolled", segment: first, ...result });
    }
  }

  function start(): void {
    clearTimeout(retry);
    running ??= work().finally(() => {
      running = undefined;
    });
  }

  return {
    get waiting() {
      return waiting.length;
    },
    enqueue(segment) {
      waiting.push(segment);
      start();
    },
    async drain() {
      // Whatever runs now may have passed the segment that matters: once more after it.
      if (running !== undefined) await running;
      if (waiting.length > 0) {
        start();
        await running;
      }
      const error = failure ?? passedOver;
      if (error !== undefined) throw error;
    },
    async compact() {
      try {
        if (tinyShards(dir).length === 0) return;
        const outcome = await thread.run({ dir, writer, compact: true });
        if ("error" in outcome) throw new Error(outcome.error.message);
      } catch (error) {
        tell({ event: "shards_not_joined", message: (error as Error).message });
      }
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await running;
      await thread.leave();
    },
  };
}
