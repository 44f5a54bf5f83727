/** So many at once and no more; the others wait in a line of bounded length. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";

/** A gate with places. */
export interface Gate {
  /** Uses that are under way. */
  readonly busy: number;
  /**
   * Runs `use` once there is a place for it, after those who came before.
   * @throws SERVER_BUSY where too many wait already; the signal's reason, where it is set off before there is a place
   */
  pass<T>(use: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface Waiter {
  enter(): void;
  leave(why: unknown): void;
}

/** A gate. @param what of what there are too many, for the error: `reads of the log` */
export function createGate(places: number, mostWaiting: number, what: string): Gate {
  const line = new Set<Waiter>();
  let busy = 0;

  /** Takes a place, or the end of the line. */
  function enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (busy < places) {
      busy += 1;
      return Promise.resolve();
    }
    if (line.size >= mostWaiting) {
      throw new IcrlError(
        "SERVER_BUSY",
        `${places} ${what} are under way and ${line.size} wait, at most ${mostWaiting}: ask again in a while`,
        { retry_delay_ms: RETRY_DELAY_MS },
      );
    }
    return new Promise((resolve, reject) => {
      const done = () => {
        line.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        enter() {
          done();
          resolve();
        },
        leave(why) {
          done();
          reject(why);
        },
      };
      const onAbort = () => waiter.leave(signal?.reason);
      signal?.addEventListener("abort", onAbort);
      line.add(waiter);
    });
  }

  return {
    get busy() {
      return busy;
    },
    async pass(use, signal) {
      await enter(signal);
      try {
        return await use();
      } finally {
        const [next] = line;
        if (next === undefined) busy -= 1;
        else next.enter();
      }
    },
  };
}
