/** Telling callers of things that change. However many watch the same thing, it is looked at once for all of them. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";

/** Shortest time between two looks at the same thing, in milliseconds. */
const INTERVAL_MS = 100;

/** Watchers of a process: each may keep an answer that it does not read. */
const MOST_WATCHERS = 512;

/** Something that changes until it is over. */
export interface Watched<T> {
  /** What is watched: watchers of the same are told at the same moments. */
  readonly of: object;
  /** Shortest time between two answers, in milliseconds, where what is told is much; absent: INTERVAL_MS. */
  readonly intervalMs?: number;
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

/** The moments at which the watchers of one thing are told. */
interface Moments {
  watchers: number;
  /** Counts them. */
  now: number;
  /** Resolves at the next one. */
  next: Promise<void>;
  stop(): void;
}

const momentsOf = new WeakMap<object, Moments>();
let watchers = 0;

/**
 * Its state now and after changes, at most some ten times a second, until it is over.
 * @throws SERVER_BUSY where too many watch already
 */
export async function* watch<T>({
  of,
  intervalMs = INTERVAL_MS,
  onChange,
  state,
  over,
  check,
  aborted,
}: Watched<T>): AsyncGenerator<T> {
  if (watchers >= MOST_WATCHERS) {
    throw new IcrlError("SERVER_BUSY", `${watchers} calls watch something, at most ${MOST_WATCHERS}: ask again later`, {
      retry_delay_ms: RETRY_DELAY_MS,
    });
  }
  const moments = momentsOf.get(of) ?? startMoments(of, intervalMs, onChange);
  watchers += 1;
  moments.watchers += 1;
  let left = () => {};
  const leaving = new Promise<void>((resolve) => (left = resolve));
  aborted.addEventListener("abort", left);
  try {
    while (!aborted.aborted) {
      const seen = moments.now;
      const last = over(); // of the state that is told: it may change before that is on its way
      yield state();
      if (last) return;
      check();
      if (moments.now === seen) await Promise.race([moments.next, leaving]);
    }
  } finally {
    aborted.removeEventListener("abort", left);
    watchers -= 1;
    moments.watchers -= 1;
    if (moments.watchers === 0) {
      moments.stop();
      momentsOf.delete(of);
    }
  }
}

function startMoments(of: object, intervalMs: number, onChange: (listener: () => void) => () => void): Moments {
  let timer: NodeJS.Timeout | undefined;
  let lastAt = 0;
  let come = () => {};
  const wait = () => new Promise<void>((resolve) => (come = resolve));
  const stop = onChange(() => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        lastAt = performance.now();
        moments.now += 1;
        const told = come;
        moments.next = wait();
        told();
      },
      Math.max(lastAt + intervalMs - performance.now(), 0),
    );
  });
  const moments: Moments = {
    watchers: 0,
    now: 0,
    next: wait(),
    stop() {
      stop();
      clearTimeout(timer);
    },
  };
  momentsOf.set(of, moments);
  return moments;
}
