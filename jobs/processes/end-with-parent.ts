/** Loaded before a command (`node --import`): ends its process when standard input ends, as it does with the process that holds the other end. */
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.stdin.on("close", () => process.kill(process.pid, "SIGTERM")).resume();
  (process.stdin as NodeJS.ReadStream).unref(); // it does not keep the process going
}
