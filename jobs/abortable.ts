/** A job that is told to stop. */
import { setTimeout as wait } from "node:timers/promises";

/**
 * A terminal's Ctrl-C reaches the processes that a job started too, and that they stop can be seen before the job is told to: a failure
 * waits so long to see what it is.
 */
const MOMENT_MS = 300;

/**
 * Waits for `work` or for the signal, whichever comes first. The caller then cleans up, which also ends the work: closing a connection
 * makes what is under way on it fail.
 *
 * @throws the signal's reason once it is aborted; what `work` throws
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([aborted, work]);
  } catch (error) {
    if (!signal.aborted) await Promise.race([aborted, wait(MOMENT_MS)]);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
