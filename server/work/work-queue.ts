/**
 * Long computations of the process, so that no turn of the event loop takes long, whoever asks for what. All of them share a few
 * milliseconds a turn, slice by slice in a ring, so that a long one delays no short one by more than its slice.
 *
 * There are two rings, which take turns: what somebody waits for (a session's lock-step), and what only has to be done (the regrets of a
 * forfeited match). Of computations that hold much memory before they have a result, few are begun at once in each.
 */
import type { Clock } from "../../common/clock.js";
import type { Pause, Slices } from "../../common/slices.js";
import { createRing, type Job, type Line, type RingEvents } from "./ring.js";

/** The computations of a process. */
export interface WorkQueue {
  /**
   * Computes for somebody who waits: at once as far as this turn of the event loop allows, which is all of it where it is little, and the
   * rest in turns to come. Calls one of both once, unless it was given up.
   *
   * @returns gives it up
   */
  compute<T>(slices: Slices<T>, done: (value: T) => void, failed: (error: unknown) => void): () => void;
  /** Opens a line for what nobody waits for. */
  line(): WorkLine;
  /** Computations that are not over. */
  readonly size: number;
}

/** What a computation that somebody waits for comes to. */
export function computed<T>(work: WorkQueue, slices: Slices<T>): Promise<T> {
  return new Promise((done, failed) => void work.compute(slices, done, failed));
}

/** Computations one after the other, beside those of other lines. */
export interface WorkLine {
  /** Resolves with the result, or with undefined where the line was closed before there was one. */
  run<T>(slices: Slices<T>): Promise<T | undefined>;
  /** The same where nobody waits for the end: what it throws is told as an error of the server. */
  start(slices: Slices<void>): void;
  /** Gives up what is under way and what waits, and takes no more. */
  close(): void;
}

/** How long computations may keep a turn of the event loop, in milliseconds. One slice more may be under way by then. */
const TURN_MS = 4;

/** Slices that are computed at once in a turn, by all who ask. */
const SLICES_AT_ONCE = 4;

/** What a queue needs of its process. */
export interface WorkContext {
  /** Measures turns. */
  readonly clock: Pick<Clock, "now">;
  /** Told what those throw who are told of the end of their computation. */
  readonly onError: (error: unknown) => void;
  /** Calls back in the next turn of the event loop, after the input that has come: `setImmediate` where not given. */
  readonly nextTurn?: (callback: () => void) => void;
}

/** A queue without work. */
export function createWorkQueue({ clock, onError, nextTurn = setImmediate }: WorkContext): WorkQueue {
  let turnComes = false;
  let slicesLeft = SLICES_AT_ONCE;
  let size = 0;
  const events: RingEvents = {
    changed: wantTurn,
    ended() {
      size -= 1;
    },
    onError,
  };
  const waited = createRing(events);
  const background = createRing(events);

  function wantTurn(): void {
    if (turnComes) return;
    turnComes = true;
    nextTurn(turn);
  }

  function turn(): void {
    slicesLeft = SLICES_AT_ONCE;
    const untilMs = clock.now() + TURN_MS;
    let [ring, other] = [waited, background];
    while ((ring.serve() || other.serve()) && clock.now() < untilMs) [ring, other] = [other, ring];
    turnComes = false;
    if (waited.ready + background.ready > 0 || slicesLeft < SLICES_AT_ONCE) wantTurn();
  }

  function jobOf<T>(
    slices: Slices<T>,
    done: (value: T) => void,
    failed: (error: unknown) => void,
    givenUp = () => {},
  ): Job {
    size += 1;
    return { slices, done: done as Job["done"], failed, givenUp, large: false, running: false, over: false };
  }

  function line(): WorkLine {
    const jobs: Line = [];
    let closed = false;

    function append(job: Job): void {
      jobs.push(job);
      if (jobs.length === 1) background.add(jobs);
    }

    return {
      run: (slices) =>
        new Promise((resolve, reject) => {
          if (closed) return resolve(undefined);
          append(jobOf(slices, resolve, reject, () => resolve(undefined)));
        }),
      start(slices) {
        if (!closed) append(jobOf(slices, () => {}, onError));
      },
      close() {
        closed = true;
        for (const job of [...jobs]) background.giveUp(jobs, job);
      },
    };
  }

  return {
    compute(slices, done, failed) {
      const job = jobOf(slices, done, failed);
      let pause: Pause;
      while (slicesLeft > 0 && pause !== "begins") {
        pause = waited.advance(job);
        if (job.over) return () => {};
        slicesLeft -= 1;
        wantTurn();
      }
      const own = [job];
      waited.add(own, pause);
      return () => waited.giveUp(own, job);
    },
    line,
    get size() {
      return size;
    },
  };
}
