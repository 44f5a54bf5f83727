/** Begins again what a connection that broke has broken off. */
import { setTimeout as wait } from "node:timers/promises";
import { backoffMs } from "../clients/typescript/backoff.js";
import { isLoss } from "../clients/typescript/losses.js";

/** What is done about losses. */
export interface Losses {
  /** How long the server may be away, in milliseconds; 0: not at all. */
  readonly awayMs: number;
  /** Told, in words for people, that the connection was lost, and that it is there again. */
  readonly say: (line: string) => void;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

/**
 * Does something that asks a server and changes nothing, from its beginning whenever the connection to it was lost.
 *
 * @param attempt calls `heard` whenever the server has answered: it is there
 * @throws what the attempt throws that is no loss; the last loss, once the server has been away for too long; the signal's reason
 */
export async function throughLosses<T>(
  attempt: (heard: () => void) => Promise<T>,
  { awayMs, say, signal }: Losses,
): Promise<T> {
  let lostMs: number | undefined;
  let attempts = 0;
  const heard = () => {
    if (lostMs !== undefined) say(`connected again after ${seconds(performance.now() - lostMs)} s`);
    lostMs = undefined;
    attempts = 0;
  };
  for (;;) {
    try {
      const result = await attempt(heard);
      heard();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!isLoss(error as Error) || awayMs === 0) throw error;
      if (lostMs === undefined) {
        say(`the connection was lost: trying again for up to ${awayMs / 1000} s (${(error as Error).message})`);
        lostMs = performance.now();
      }
      if (performance.now() - lostMs > awayMs) throw error;
      await wait(backoffMs(attempts++), undefined, { signal });
    }
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
