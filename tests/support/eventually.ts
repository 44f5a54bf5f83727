/** Waits for what others do in their own time. */
import { vi } from "vitest";

/**
 * Calls something until it throws nothing, and gives what it returned. It ends only what hangs: `vi.waitFor` gives up after a second, in
 * which a busy machine may not get round to anything. (Of what is polled as a value, `expect.poll` has the same limit by vitest.config.ts.)
 *
 * @param options `intervalMs` lies between two calls
 */
export const eventually = <T>(attempt: () => T | Promise<T>, { intervalMs = 50 } = {}): Promise<T> =>
  vi.waitFor(attempt, { timeout: 60_000, interval: intervalMs });
