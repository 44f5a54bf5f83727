import { commandProgress } from "./progress.js";

/** How long quick work may take without a word, in milliseconds. */
const SILENCE_MS = 1500;

/** What work tells of itself. */
export interface WorkProgress {
  /** @param steps gone through so far, and in all, where something is stepped: what it costs */
  update(done: number, total: number, steps?: number, maxSteps?: number): void;
  /** Says what is done that has no bar. */
  doing(text: string): void;
  /** Writes a line of its own. */
  say(line: string): void;
}

/** What is done, in words. */
export interface NamedWork {
  /** What comes first, and takes a moment: "reading DIR". */
  readonly first: string;
  /** Whether it is over in a moment as a rule: then it is named only when it is not. */
  readonly quick?: boolean;
  /** What is counted: "verifying". */
  readonly name?: string;
  /** What it is counted in, in the plural. */
  readonly units?: string;
}

/**
 * Does one piece of work, and shows its progress on standard error. What comes first is said at once: whatever takes a while to load, the
 * work loads. What can be refused in a moment is checked before.
 */
export async function workProgress<T>(named: NamedWork, work: (progress: WorkProgress) => Promise<T>): Promise<T> {
  const { first, quick = false, name = "", units } = named;
  const progress = commandProgress({ units });
  const silence = quick ? setTimeout(() => progress.doing(first), SILENCE_MS) : undefined;
  if (!quick) progress.doing(first);
  try {
    return await work({
      update(done, total, steps, maxSteps) {
        clearTimeout(silence);
        progress.update([{ name, done, total, steps, maxSteps }]);
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
