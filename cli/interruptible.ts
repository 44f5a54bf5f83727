/** Ctrl-C and SIGTERM while a command works: it stops, cleans up, and says so by its exit code. */

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
