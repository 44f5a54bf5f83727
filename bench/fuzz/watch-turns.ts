/** Long turns of a server's event loop, and whether the machine made them long. */
import { turnsOf, waitedForCoreMs } from "../server-process.js";

/** What was seen. */
export interface LongTurns {
  /** Turns longer than 100 ms. */
  readonly long: number;
  /** Those in whose second, and the one before, the process waited for a core for less than half of the longest that a turn may take. */
  readonly unexplained: number;
  /** The longest since the server started, in milliseconds. */
  readonly maxMs: number;
  /** How long the process waited for a core, in milliseconds. */
  readonly waitedMs: number;
  /** Errors of the server's own. */
  readonly internal: number;
}

const EVERY_MS = 1000;

/** A turn of 100 ms is the machine's where its process waited for a core for so many milliseconds by then. */
const WAITED_MS = 50;

/** Watches a server until it is stopped. */
export function watchTurns(pid: number, page: string): { stop(): Promise<LongTurns> } {
  let seen: { long: number; waitedMs: number; beforeMs: number } | undefined;
  const sum = { long: 0, unexplained: 0, maxMs: 0, waitedMs: 0, internal: 0 };
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const turns = await turnsOf(page);
    if (turns === undefined) return;
    const waitedMs = waitedForCoreMs(pid);
    if (seen !== undefined) {
      const long = turns.long - seen.long;
      sum.long += long;
      sum.waitedMs += waitedMs - seen.waitedMs;
      if (waitedMs - seen.beforeMs < WAITED_MS) sum.unexplained += long;
    }
    seen = { long: turns.long, waitedMs, beforeMs: seen?.waitedMs ?? waitedMs };
    sum.maxMs = turns.maxMs;
    sum.internal = turns.internal;
  }

  looking = look();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await looking.then(look);
      return sum;
    },
  };
}
