import { paintFor } from "./paint.js";
import { createProgress } from "./progress.js";

/** Progress of one piece of work, on standard error. */
export function workProgress(name: string, units: string) {
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    units,
    paint: paintFor(process.stderr, process.env),
  });
  return {
    update: (done: number, total: number) => progress.update([{ name, done, total }]),
    finish: () => progress.finish(),
  };
}
