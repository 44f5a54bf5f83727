/** The main thread's end of the threads that read the log. They start when they are needed, and end when nobody reads for a while. */
import { Worker } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import { BUFFER_THREAD_LIMITS } from "../../common/thread-limits.js";
import type { ReadAnswers, ReadJob, ReadOutcome } from "./log-reader-worker.js";

/** How long a thread is kept that nobody uses, in milliseconds. */
const KEPT_MS = 10_000;

/** The heap of a thread, in MiB: more than a shard takes that is what it should be. */
const HEAP_MIB = 512;

/** Threads that do one job at a time each. */
export interface ReaderThreads {
  /**
   * Does a job in a thread that is free, or in a new one: whoever calls sees that there are not too many at once.
   *
   * @param reader who asks: the thread that served it last is preferred, as it has what comes next
   * @throws LOG_CORRUPT and what the job throws
   */
  run<K extends ReadJob["job"]>(job: Extract<ReadJob, { job: K }>, reader?: object): Promise<ReadAnswers[K]>;
  /** Ends them all; what they do fails. */
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  /** Whom it served last. */
  reader: object | undefined;
  settle: ((outcome: ReadOutcome) => void) | undefined;
  ending: NodeJS.Timeout | undefined;
}

/** None yet. */
export function createReaderThreads(): ReaderThreads {
  const threads = new Set<Thread>();

  function start(): Thread {
    const worker = new Worker(new URL("./log-reader-worker.js", import.meta.url), {
      resourceLimits: { ...BUFFER_THREAD_LIMITS, maxOldGenerationSizeMb: HEAP_MIB },
    });
    const thread: Thread = { worker, reader: undefined, settle: undefined, ending: undefined };
    const gone = (message: string) => {
      threads.delete(thread);
      thread.settle?.({ error: { reason: undefined, message } });
    };
    worker.on("message", (outcome: ReadOutcome) => thread.settle?.(outcome));
    worker.on("error", (error) => gone(error.message));
    worker.on("exit", () => gone("the thread that read it ended"));
    threads.add(thread);
    return thread;
  }

  function end(thread: Thread): Promise<unknown> {
    clearTimeout(thread.ending);
    threads.delete(thread);
    return thread.worker.terminate();
  }

  const freeFor = (reader: object | undefined): Thread | undefined => {
    const free = [...threads].filter(({ settle }) => settle === undefined);
    return free.find((thread) => thread.reader === reader) ?? free[0];
  };

  return {
    async run(job, reader) {
      const thread = freeFor(reader) ?? start();
      clearTimeout(thread.ending);
      thread.reader = reader;
      const outcome = await new Promise<ReadOutcome>((resolve) => {
        thread.settle = resolve;
        thread.worker.ref();
        thread.worker.postMessage(job);
      });
      thread.settle = undefined;
      thread.worker.unref();
      if ("answer" in outcome) {
        thread.ending = setTimeout(() => void end(thread), KEPT_MS).unref();
        return outcome.answer as never;
      }
      const { reason, message } = outcome.error;
      // A failure that is nobody's reason can leave the WebAssembly memory in any state: start afresh.
      if (reason === undefined) await end(thread);
      const text = `a shard of ${job.dir} cannot be read (${message}): restore it from a backup`;
      throw reason === undefined
        ? new IcrlError("LOG_CORRUPT", text, { folder: job.dir })
        : IcrlError.told(reason, message);
    },
    async close() {
      await Promise.all(Array.from(threads, end));
    },
  };
}
