/** The main thread's end of the roll worker: a queue of segments, kept as names; their rows stay on disk. */
import { Worker } from "node:worker_threads";
import type { SegmentFile } from "../../datasets/log/log-folder.js";
import type { LogEvent } from "./log-event.js";
import type { LogWriter } from "./roll.js";
import type { RollJob, RollOutcome, RollWorkerData } from "./roll-worker.js";

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
  /** Joins tiny shards. */
  compact(): Promise<void>;
  /** Stops the worker. Segments that are left are rolled at the next open. */
  close(): Promise<void>;
}

/** A roller of one log, for its writer. */
export function openRoller(dir: string, writer: LogWriter, tell: (event: LogEvent) => void): Roller {
  const waiting: SegmentFile[] = [];
  let worker: Worker | undefined;
  let settle: ((outcome: RollOutcome) => void) | undefined;
  let running: Promise<void> | undefined;
  /** Why the first of `waiting` could not be rolled when it was last tried. */
  let failure: Error | undefined;
  /** Why a segment was passed over until the next open: not the file system's doing, so that trying again would not help. */
  let passedOver: Error | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function startWorker(): Worker {
    const started = new Worker(new URL("./roll-worker.js", import.meta.url), {
      workerData: { dir, writer } satisfies RollWorkerData,
    });
    const gone = (message: string) => {
      if (worker === started) worker = undefined;
      settle?.({ error: { message, code: undefined } });
    };
    started.on("message", (outcome: RollOutcome) => settle?.(outcome));
    started.on("error", (error) => gone(error.message));
    started.on("exit", (code) => gone(`the roll worker left with ${code}`));
    return started;
  }

  /** Runs one job; not before the last one is settled. The process stays alive for it. */
  async function run(job: RollJob): Promise<RollOutcome> {
    worker ??= startWorker();
    const mine = worker;
    const outcome = await new Promise<RollOutcome>((resolve) => {
      settle = resolve;
      mine.ref();
      mine.postMessage(job);
    });
    settle = undefined;
    mine.unref();
    // A failure that is not the file system's can leave the WebAssembly memory in any state: start afresh.
    if ("error" in outcome && outcome.error.code === undefined && worker === mine) {
      worker = undefined;
      await mine.terminate();
    }
    return outcome;
  }

  async function work(): Promise<void> {
    failure = undefined;
    while (waiting.length > 0) {
      const [segment] = waiting;
      const { first } = segment;
      const outcome = await run({ roll: segment });
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
      const outcome = await run({ compact: true });
      if ("error" in outcome) tell({ event: "shards_not_joined", message: outcome.error.message });
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await running;
      await worker?.terminate();
    },
  };
}
