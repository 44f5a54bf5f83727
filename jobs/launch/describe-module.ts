/** A thread that loads an agent's module and tells what it says of itself: `readAgentModule` starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { IcrlError } from "../../common/errors.js";
import { factsOf, loadAgentModule } from "./module-agent.js";

try {
  parentPort?.postMessage(factsOf(await loadAgentModule(workerData)));
} catch (error) {
  const { message, reason } = error as IcrlError;
  parentPort?.postMessage({ told: { message, reason: error instanceof IcrlError ? reason : undefined } });
}
