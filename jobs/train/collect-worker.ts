/** The thread that collects a dataset beside a training (collect-beside.ts). */
import { parentPort, workerData } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import { addTasks, type TaskSources } from "../../server/own-tasks/own-tasks.js";
import { type CollectPlan, collectDataset } from "../collect/collect-dataset.js";
import { silent } from "../listener.js";
import { errorMessage } from "../processes/told-error.js";

/** What the thread is given. */
export interface CollectTask {
  readonly plan: CollectPlan;
  /** Tasks that the process has beside the built-in ones, which this thread is to have, too. */
  readonly taskSources: TaskSources;
}

const port = parentPort;
if (port === null) throw new Error("collect-worker.js runs as a worker thread");
const stopping = new AbortController();
port.once("message", () => stopping.abort());
try {
  const { plan, taskSources } = workerData as CollectTask;
  await addTasks(taskSources);
  await collectDataset(plan, silent, stopping.signal);
} catch (error) {
  if (!stopping.signal.aborted) {
    if (!(error instanceof IcrlError)) throw error;
    port.postMessage(errorMessage(error));
  }
} finally {
  port.close();
}
