/** The thread that collects a dataset beside a training (collect-beside.ts). */
import { parentPort, workerData } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import { type CollectPlan, collectDataset } from "../collect/collect-dataset.js";
import { silent } from "../listener.js";
import { errorMessage } from "../processes/told-error.js";

const port = parentPort;
if (port === null) throw new Error("collect-worker.js runs as a worker thread");
const stopping = new AbortController();
port.once("message", () => stopping.abort());
try {
  await collectDataset(workerData as CollectPlan, silent, stopping.signal);
} catch (error) {
  if (!stopping.signal.aborted) {
    if (!(error instanceof IcrlError)) throw error;
    port.postMessage(errorMessage(error));
  }
} finally {
  port.close();
}
