/** Ctrl-C and SIGTERM while a command works: it stops, cleans up, and says so by its exit code. */
import { setTimeout as wait } from "node:timers/promises";

/** The work was broken off by a signal. */
export class Interrupted extends Error {
  readonly signal: "SIGINT" | "SIGTERM";

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
  }
}

/**
 * Waits for `work` or for a signal, whichever comes first. The caller then cleans up, which also ends the work: closing a connection
 * makes what is under way on it fail. A second signal ends the process at once, as it does by default.
 *
 * @throws Interrupted if a signal came first
 */
export async function interruptible<T>(work: Promise<T>): Promise<T> {
  let stop: (signal: NodeJS.Signals) => void = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = (signal) => reject(new Interrupted(signal as Interrupted["signal"]));
  });
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await Promise.race([work, interrupted]);
  } catch (error) {
    if (!(error instanceof Interrupted)) await Promise.race([wait(MOMENT_MS), interrupted]);
    throw error;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** A terminal's Ctrl-C reaches the server too, and that it stops can be seen before the signal is: a failure waits so long to see what it is. */
const MOMENT_MS = 300;

/**
 * Does work that stops by itself when told to: at the first Ctrl-C or SIGTERM its signal is aborted, with an Interrupted as the reason.
 * A second one ends the process at once, as it does by default.
 */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    release();
    stopping.abort(new Interrupted(signal as Interrupted["signal"]));
  };
  const release = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(stopping.signal);
  } finally {
    release();
  }
}
