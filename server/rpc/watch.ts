/** Shortest time between two answers. */
const INTERVAL_MS = 100;

/** Something that changes until it is over. */
export interface Watched<T> {
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** What is told of it now. */
  state(): T;
  /** Whether what was told last is the last. */
  over(): boolean;
  /** Throws when there will be no more changes though it is not over. */
  check(): void;
  /** Set off when nobody listens any more. */
  readonly aborted: AbortSignal;
}

/** Its state now and after changes, at most some ten times a second, until it is over. */
export async function* watch<T>({ onChange, state, over, check, aborted }: Watched<T>): AsyncGenerator<T> {
  let changed = true;
  let wake = () => {};
  const stop = onChange(() => {
    changed = true;
    wake();
  });
  aborted.addEventListener("abort", () => wake());
  try {
    while (!aborted.aborted) {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
      yield state();
      if (over()) return;
      check();
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  } finally {
    stop();
  }
}
