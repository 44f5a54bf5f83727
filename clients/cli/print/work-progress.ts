import { commandProgress, type Progress } from "./progress.js";

/** How long work may take without a word, in milliseconds, where nobody sits before a terminal. */
const SILENCE_MS = 700;

/** What work tells of itself. */
export interface WorkProgress {
  /** @param steps taken so far, where something is stepped */
  update(done: number, total: number, steps?: number): void;
  /** Says what is done that has no bar. */
  doing(text: string): void;
  /** Writes a line of its own. */
  say(line: string): void;
}

/** What is done, in words. */
export interface NamedWork {
  /** What comes first, and takes a moment: "reading DIR". */
  readonly first: string;
  /** What is counted: "verifying". */
  readonly name?: string;
  /** What it is counted in, in the plural. */
  readonly units?: string;
}

/**
 * Does one piece of work, and shows its progress on standard error. What comes first is said at once on a terminal, elsewhere when it
 * turns out to take its time: what is over or refused in a moment says nothing but its result.
 */
export async function workProgress<T>(named: NamedWork, work: (progress: WorkProgress) => Promise<T>): Promise<T> {
  const { first, name = "", units } = named;
  const progress = commandProgress({ units });
  const silence = sayFirst(progress, first);
  try {
    return await work({
      update(done, total, steps) {
        clearTimeout(silence);
        progress.update([{ name, done, total, steps }]);
      },
      doing(text) {
        clearTimeout(silence);
        progress.doing(text);
      },
      say(line) {
        clearTimeout(silence);
        progress.say(line);
      },
    });
  } finally {
    clearTimeout(silence);
    progress.finish();
  }
}

function sayFirst(progress: Progress, text: string): NodeJS.Timeout | undefined {
  if (process.stderr.isTTY !== true) return setTimeout(() => progress.doing(text), SILENCE_MS);
  progress.doing(text);
  return undefined;
}
