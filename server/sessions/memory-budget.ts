/**
 * The bytes that all sessions of a server may hold together. What a client asks for is counted here before it is allocated; what is
 * refused costs nothing.
 */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import type { SessionShare } from "./link.js";

/** Gives reserved bytes back; once is enough. */
export type Release = () => void;

/** What is held, and may be. */
export interface MemoryBudget {
  readonly usedBytes: number;
  /** Whether as much is held as may be. */
  readonly full: boolean;
  /**
   * Reserves bytes for who cannot wait.
   *
   * @param what for the error: `4096 envs of task "linear-bandit"`
   * @throws SERVER_BUSY if they are not free, or others wait for theirs
   */
  reserve(bytes: number, what: string): Release;
  /** Reserves bytes once they are free: at once, or in the order of asking. Returns how to ask no more. */
  whenFree(bytes: number, granted: (release: Release) => void): () => void;
  /** Counts what is there already, free or not. */
  hold(bytes: number): Release;
}

interface Waiter {
  readonly bytes: number;
  granted(release: Release): void;
}

/** Nothing is held. */
export function createMemoryBudget(maxBytes: number): MemoryBudget {
  let usedBytes = 0;
  let waiters: Waiter[] = [];

  const fits = (bytes: number) => usedBytes + bytes <= maxBytes;

  function hold(bytes: number): Release {
    usedBytes += bytes;
    let held = bytes;
    return () => {
      usedBytes -= held;
      held = 0;
      serve();
    };
  }

  function serve(): void {
    for (let next = waiters[0]; next !== undefined && fits(next.bytes); next = waiters[0]) {
      waiters = waiters.slice(1);
      next.granted(hold(next.bytes));
    }
  }

  return {
    get usedBytes() {
      return usedBytes;
    },
    get full() {
      return usedBytes >= maxBytes;
    },
    reserve(bytes, what) {
      if (waiters.length === 0 && fits(bytes)) return hold(bytes);
      throw new IcrlError(
        "SERVER_BUSY",
        `${what} would take ${bytes} bytes, and ${usedBytes} of ${maxBytes} are held: ask again later, or for less`,
        { retry_delay_ms: RETRY_DELAY_MS },
      );
    },
    whenFree(bytes, granted) {
      const waiter = { bytes, granted };
      waiters.push(waiter);
      serve();
      return () => {
        if (!waiters.includes(waiter)) return;
        waiters = waiters.filter((other) => other !== waiter);
        serve(); // it may have stood before somebody who wants less
      };
    },
    hold,
  };
}

/** The same for one token's sessions: what they hold counts as the token's, too, and what they reserve is @throws QUOTA_EXCEEDED beyond that. */
export function memoryWithin(share: SessionShare, all: MemoryBudget): MemoryBudget {
  return {
    get usedBytes() {
      return all.usedBytes;
    },
    get full() {
      return all.full;
    },
    reserve(bytes, what) {
      const giveBack = share.take("bytes", bytes);
      try {
        return both(giveBack, all.reserve(bytes, what));
      } catch (error) {
        giveBack();
        throw error;
      }
    },
    whenFree(bytes, granted) {
      const giveBack = share.take("bytes", bytes);
      return both(
        all.whenFree(bytes, (release) => granted(both(giveBack, release))),
        giveBack,
      );
    },
    hold: (bytes) => both(share.hold("bytes", bytes), all.hold(bytes)),
  };
}

/**
 * A part of a budget: who reserves in it leaves the rest to others. What is there already, and what waits to be played, is the whole's.
 *
 * @param whose for errors: `tournaments and collections`
 */
export function partOf(all: MemoryBudget, mostBytes: number, whose: string): MemoryBudget {
  let reserved = 0;
  return {
    ...{ hold: all.hold, whenFree: all.whenFree },
    get usedBytes() {
      return all.usedBytes;
    },
    get full() {
      return all.full;
    },
    reserve(bytes, what) {
      if (reserved + bytes > mostBytes) {
        throw new IcrlError(
          "SERVER_BUSY",
          `${what} would take ${bytes} bytes, and ${reserved} of the ${mostBytes} that ${whose} may hold are held: wait for the end of others, or ask for less`,
          { retry_delay_ms: RETRY_DELAY_MS },
        );
      }
      const release = all.reserve(bytes, what);
      reserved += bytes;
      let mine = bytes;
      return () => {
        reserved -= mine;
        mine = 0;
        release();
      };
    },
  };
}

const both =
  (first: Release, second: Release): Release =>
  () => {
    first();
    second();
  };
