/** Who else writes to a log that a command is about to write to, or to remove. */
import { setTimeout as wait } from "node:timers/promises";
import { IcrlError } from "../common/errors.js";
import { isLog, logFolder } from "../datasets/log/log-folder.js";
import { lockFolder } from "../server/trajectories/lock.js";
import { abortable } from "./abortable.js";

/** How long the server of an interrupted run may take to let go of its folder. */
const LET_GO_MS = 30_000;

/** @throws LOG_LOCKED if a living process writes to the log in a folder, if there is one */
export async function requireNoWriter(dir: string): Promise<void> {
  if (!isLog(dir)) return;
  const lock = await lockFolder(logFolder(dir), { shown: dir });
  lock.release();
}

/**
 * Tries something again while another process still writes to a folder: the server of an interrupted run, that is about to stop.
 *
 * @throws LOG_LOCKED if it does not stop; the signal's reason once it is aborted; what `attempt` throws
 */
export async function onceLetGo<T>(
  dir: string,
  attempt: () => Promise<T>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<T> {
  const until = performance.now() + LET_GO_MS;
  for (let told = false; ; told = true) {
    try {
      return await attempt();
    } catch (error) {
      const locked = error instanceof IcrlError && error.reason === "LOG_LOCKED";
      if (!locked || performance.now() > until) throw error;
      if (!told) say(`another process still writes to ${dir}: waiting for it to stop`);
      await abortable(wait(500), signal);
    }
  }
}
