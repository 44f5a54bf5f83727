import { commandProgress } from "./progress.js";

/**
 * Progress of one piece of work, on standard error.
 *
 * @param name what is done: "verifying"
 * @param first what comes first, said at once: before what takes a while to load
 */
export function workProgress(name: string, units: string, first: string) {
  const progress = commandProgress({ units });
  progress.doing(first);
  return {
    update: (done: number, total: number) => progress.update([{ name, done, total }]),
    doing: (text: string) => progress.doing(text),
    finish: () => progress.finish(),
  };
}

/** How long work may take without a word, in milliseconds. */
const SILENCE_MS = 800;

/** Does work that is over in a moment as a rule; says what is done, on standard error, where it is not. */
export async function namedIfSlow<T>(text: string, work: () => Promise<T>): Promise<T> {
  const progress = commandProgress();
  const timer = setTimeout(() => progress.doing(text), SILENCE_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    progress.finish();
  }
}
