import { IcrlError } from "#icrl/common/errors.js";
import type { EpisodeRecord, TrajectorySink } from "#icrl/server/trajectories/sink.js";

/** A log whose disk a test moves by hand. */
export interface HandSink extends TrajectorySink {
  /** What was appended, in order; arrays copied. */
  readonly appended: readonly EpisodeRecord[];
  /** Makes the first so many durable, or all. */
  write(number?: number): void;
  /** A write fails: nothing is taken, until `mend`. */
  fail(): void;
  /** The disk takes writes again. */
  mend(): void;
  backlogBytes: number;
}

/** An empty one. */
export function handSink(): HandSink {
  const appended: EpisodeRecord[] = [];
  let waiting: { readonly number: number; resolve(): void; reject(error: Error): void }[] = [];
  let durable = 0;
  let writable = true;
  let failures = 0;
  const lost: [from: number, to: number][] = [];
  const unwritable = () => new IcrlError("LOG_UNWRITABLE", "the disk takes nothing now: a test wants it so");
  return {
    appended,
    backlogBytes: 0,
    tornBytes: 0,
    get durable() {
      return durable;
    },
    get end() {
      return durable;
    },
    get episodes() {
      return durable;
    },
    get writable() {
      return writable;
    },
    get failures() {
      return failures;
    },
    hasLost: (from, to) => lost.some(([first, last]) => first <= to && from <= last),
    append(episode) {
      if (!writable) throw unwritable();
      return appended.push({ ...episode, actions: episode.actions.slice(), rewards: episode.rewards.slice() });
    },
    whenDurable(number) {
      if (number <= durable) return Promise.resolve();
      if (!writable) return Promise.reject(unwritable());
      return new Promise((resolve, reject) => waiting.push({ number, resolve, reject }));
    },
    async probe() {
      await undefined; // a try takes time
      return writable;
    },
    mustHold() {},
    seal: async () => {},
    close: async () => {},
    write(number = appended.length) {
      durable = number;
      for (const waiter of waiting) if (waiter.number <= durable) waiter.resolve();
      waiting = waiting.filter((waiter) => waiter.number > durable);
    },
    fail() {
      writable = false;
      failures += 1;
      lost.push([durable + 1, appended.length]);
      for (const waiter of waiting) waiter.reject(unwritable());
      waiting = [];
    },
    mend() {
      writable = true;
    },
  };
}
