import type { JobListener, ProgressItem } from "#icrl/jobs/listener.js";

/** What a job told. */
export interface Heard extends JobListener {
  readonly said: string[];
  readonly done: string[];
  /** The last state of everything that is counted. */
  readonly items: () => readonly ProgressItem[];
}

/**
 * A listener that keeps what it is told.
 *
 * @param onUpdate called whenever something went on
 */
export function heard(onUpdate: (items: readonly ProgressItem[]) => void = () => {}): Heard {
  let last: readonly ProgressItem[] = [];
  const said: string[] = [];
  const done: string[] = [];
  return {
    said,
    done,
    items: () => last,
    say: (line) => said.push(line),
    doing: (text) => done.push(text),
    update(items) {
      last = items;
      onUpdate(items);
    },
  };
}
