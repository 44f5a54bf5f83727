/** How far an agent's process has come, on one line: redrawn in place on a terminal, elsewhere a line now and then. */

/** Where it is written: process.stderr, or a test's. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** How far it is. */
export interface TrialsDone {
  /** Trials done. */
  readonly trials: number;
  /** Trials in all. */
  readonly total: number;
  readonly steps: number;
}

/** The line of one piece of work. */
export interface ProgressLine {
  /** Takes how far it is; shows it when it is time. */
  update(done: TrialsDone): void;
  /** Clears what stands on the terminal. Nothing is written afterwards. */
  finish(): void;
}

/** Between two redraws on a terminal. */
const REDRAW_MS = 100;
/** Between two lines elsewhere, and before the first: what is over sooner needs none. */
const LINE_MS = 5000;

/**
 * A line that counts from now.
 *
 * @param nowMs milliseconds from any origin that never go back
 */
export function createProgressLine(stream: ProgressStream, nowMs: () => number): ProgressLine {
  const tty = stream.isTTY === true;
  const beganAtMs = nowMs();
  let shownAtMs = tty ? Number.NEGATIVE_INFINITY : beganAtMs;
  let standing = false;
  return {
    update(done) {
      const atMs = nowMs();
      if (atMs - shownAtMs < (tty ? REDRAW_MS : LINE_MS)) return;
      shownAtMs = atMs;
      standing = tty;
      const text = progressText(done, atMs - beganAtMs);
      stream.write(tty ? `\r\x1b[K${text}` : `${text}\n`);
    },
    finish() {
      if (standing) stream.write("\r\x1b[K");
      standing = false;
      shownAtMs = Number.POSITIVE_INFINITY;
    },
  };
}

/** `43 %  120 of 280 trials  12345 steps/s  12 s left`; no rate before there is one. */
function progressText({ trials, total, steps }: TrialsDone, tookMs: number): string {
  const parts = [`${total > 0 ? Math.floor((100 * trials) / total) : 100} %`, `${trials} of ${total} trials`];
  if (steps > 0 && tookMs > 0) parts.push(`${Math.round((1000 * steps) / tookMs)} steps/s`);
  if (trials > 0 && trials < total) parts.push(`${Math.ceil((tookMs * (total - trials)) / trials / 1000)} s left`);
  return parts.join("  ");
}
