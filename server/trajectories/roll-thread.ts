/**
 * The main thread's end of the roll thread: one for all logs of a process, as starting one takes longer than rolling most segments. It
 * starts with a job, and ends when no log is left that uses it, or when there has been nothing to do for a while: what a large segment
 * took would be held until the next one.
 */
import { Worker } from "node:worker_threads";
import { BUFFER_THREAD_LIMITS } from "../../common/thread-limits.js";
import type { RollJob, RollOutcome } from "./roll-worker.js";

/** A log's use of the thread. */
export interface RollThread {
  /** Does a job after those that came before it, whoever's they are. The process stays alive for it. */
  run(job: RollJob): Promise<RollOutcome>;
  /** Ends the use, once what was asked for is done; where it is the last, resolves when the thread has ended. */
  leave(): Promise<void>;
}

/** How long the thread is kept when there is nothing to do, in milliseconds. */
const KEPT_MS = 10_000;

let users = 0;
let worker: Worker | undefined;
let settle: ((outcome: RollOutcome) => void) | undefined;
let ending: NodeJS.Timeout | undefined;
/** Settled once the last job is done. */
let before: Promise<unknown> = Promise.resolve();

/** Takes part in the thread, which need not run for it. */
export function useRollThread(): RollThread {
  users += 1;
  let left = false;
  return {
    run(job) {
      const mine = before.then(() => runNow(job));
      before = mine.catch(() => {});
      return mine;
    },
    async leave() {
      if (left) return;
      left = true;
      users -= 1;
      if (users === 0) await endThread();
    },
  };
}

async function runNow(job: RollJob): Promise<RollOutcome> {
  clearTimeout(ending);
  worker ??= startThread();
  const mine = worker;
  const outcome = await new Promise<RollOutcome>((resolve) => {
    settle = resolve;
    mine.ref();
    mine.postMessage(job);
  });
  settle = undefined;
  mine.unref();
  // A failure that is not the file system's can leave the WebAssembly memory in any state: start afresh.
  if ("error" in outcome && outcome.error.code === undefined && worker === mine) await endThread();
  else ending = setTimeout(() => void endThread(), KEPT_MS).unref();
  return outcome;
}

function startThread(): Worker {
  const started = new Worker(new URL("./roll-worker.js", import.meta.url), { resourceLimits: BUFFER_THREAD_LIMITS });
  const gone = (message: string) => {
    if (worker !== started) return; // it was ended; another may be at work by now
    worker = undefined;
    settle?.({ error: { message, code: undefined } });
  };
  started.on("message", (outcome: RollOutcome) => settle?.(outcome));
  started.on("error", (error) => gone(error.message));
  started.on("exit", (code) => gone(`the roll worker left with ${code}`));
  return started;
}

async function endThread(): Promise<void> {
  clearTimeout(ending);
  const ended = worker;
  worker = undefined;
  await ended?.terminate();
}
