/** The engine's threads: all do the same command at once. */
import { Worker } from "node:worker_threads";
import type { Command, Reply, WorkerData } from "./worker.js";

/** Threads that wait for commands. They keep the process alive only while they obey one. */
export interface Threads {
  /** Replies of all, in their order. One command at a time. */
  run(command: Command): Promise<Reply[]>;
  close(): void;
}

/** Starts so many. */
export function startThreads(data: Omit<WorkerData, "thread">): Threads {
  const workers = Array.from({ length: data.threads }, (_, thread) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: { ...data, thread } satisfies WorkerData,
    });
    worker.unref();
    return worker;
  });
  let failure: Error | undefined;
  let fail: (error: Error) => void = () => {};
  for (const worker of workers) {
    worker.on("error", (error) => {
      failure = error;
      fail(error);
    });
  }
  const obey = (worker: Worker, command: Command) =>
    new Promise<Reply>((resolve) => {
      worker.ref();
      worker.once("message", (reply: Reply) => {
        worker.unref();
        resolve(reply);
      });
      worker.postMessage(command);
    });
  return {
    run(command) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        fail = reject;
        Promise.all(workers.map((worker) => obey(worker, command))).then(resolve, reject);
      });
    },
    close() {
      for (const worker of workers) void worker.terminate();
    },
  };
}
