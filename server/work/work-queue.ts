/**
 * Long computations of the process, so that no turn of the event loop takes long, whoever asks for what. All of them share a few
 * milliseconds a turn, slice by slice in a ring, so that a long one delays no short one by more than its slice.
 *
 * There are two rings, which take turns: what somebody waits for (a session's lock-step), and what only has to be done (the regrets of a
 * forfeited match). Of computations that hold much memory before they have a result, few are begun at once in each.
 */
import type { Clock } from "../../common/clock.js";
import type { Pause, Slices } from "../../common/slices.js";

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

/** Computations of a ring that may hold much memory at once. */
const MOST_LARGE = 4;

/** One computation. */
interface Job {
  readonly slices: Slices<unknown>;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
  readonly givenUp: () => void;
  /** Whether it holds much memory. */
  large: boolean;
  running: boolean;
  over: boolean;
}

/** Jobs, of which the first is under way. */
type Line = Job[];

/** Lines that take turns. */
interface Ring {
  /** In the order in which they get a slice. */
  readonly ready: Set<Line>;
  /** Lines whose first job wants to hold much memory, and has to wait. */
  readonly parked: Set<Line>;
  /** Jobs that hold much memory. */
  large: number;
}

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
  const waited: Ring = { ready: new Set(), parked: new Set(), large: 0 };
  const background: Ring = { ready: new Set(), parked: new Set(), large: 0 };
  let turnComes = false;
  let slicesLeft = SLICES_AT_ONCE;
  let size = 0;

  function wantTurn(): void {
    if (turnComes) return;
    turnComes = true;
    nextTurn(turn);
  }

  function turn(): void {
    turnComes = false;
    slicesLeft = SLICES_AT_ONCE;
    const untilMs = clock.now() + TURN_MS;
    let ring = waited;
    do {
      if (!serve(ring) && !serve(otherThan(ring))) return;
      ring = otherThan(ring);
    } while (clock.now() < untilMs);
    if (waited.ready.size + background.ready.size > 0) wantTurn();
  }

  const otherThan = (ring: Ring) => (ring === waited ? background : waited);

  /** Computes a slice of the first job of the line whose turn it is. @returns whether there is one */
  function serve(ring: Ring): boolean {
    const [line] = ring.ready;
    if (line === undefined) return false;
    ring.ready.delete(line);
    const [job] = line;
    const pause = advance(ring, job);
    if (job.over) line.shift();
    if (line.length > 0) putBack(ring, line, pause);
    return true;
  }

  function putBack(ring: Ring, line: Line, pause: Pause): void {
    const waits = pause === "begins" && ring.large === MOST_LARGE;
    if (pause === "begins" && !waits) hold(ring, line[0]);
    (waits ? ring.parked : ring.ready).add(line);
  }

  /** Computes a slice; who waits for the end hears of it. */
  function advance(ring: Ring, job: Job): Pause {
    let slice: IteratorResult<Pause, unknown> | undefined;
    let error: unknown;
    job.running = true;
    try {
      slice = job.slices.next();
    } catch (thrown) {
      error = thrown;
    }
    job.running = false;
    if (job.over) {
      job.slices.return(undefined); // was given up from inside
      return undefined;
    }
    if (slice?.done === false) {
      if (slice.value === "ends") letGo(ring, job);
      return slice.value;
    }
    end(ring, job);
    tell(job, slice, error);
    return undefined;
  }

  function tell({ done, failed }: Job, slice: IteratorResult<Pause, unknown> | undefined, error: unknown): void {
    try {
      if (slice === undefined) return failed(error);
      try {
        done(slice.value);
      } catch (thrown) {
        failed(thrown);
      }
    } catch (thrown) {
      onError(thrown);
    }
  }

  function hold(ring: Ring, job: Job): void {
    job.large = true;
    ring.large += 1;
  }

  /** It holds little now: another may begin. */
  function letGo(ring: Ring, job: Job): void {
    if (!job.large) return;
    job.large = false;
    ring.large -= 1;
    const [next] = ring.parked;
    if (next === undefined) return;
    ring.parked.delete(next);
    putBack(ring, next, "begins");
    wantTurn();
  }

  function end(ring: Ring, job: Job): void {
    job.over = true;
    size -= 1;
    letGo(ring, job);
  }

  function giveUp(ring: Ring, line: Line, job: Job): void {
    if (job.over) return;
    end(ring, job);
    job.givenUp();
    if (job.running) return;
    line.splice(line.indexOf(job), 1);
    // What comes next in the line has not begun.
    if (ring.parked.delete(line) && line.length > 0) ring.ready.add(line);
    if (line.length === 0) ring.ready.delete(line);
    job.slices.return(undefined);
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

  return {
    compute(slices, done, failed) {
      const job = jobOf(slices, done, failed);
      const line: Line = [job];
      let pause: Pause;
      while (slicesLeft > 0 && pause !== "begins") {
        pause = advance(waited, job);
        if (job.over) return () => {};
        slicesLeft -= 1;
        wantTurn();
      }
      putBack(waited, line, pause);
      wantTurn();
      return () => giveUp(waited, line, job);
    },
    line() {
      const line: Line = [];
      let closed = false;
      function queue(job: Job): void {
        line.push(job);
        if (line.length > 1) return;
        background.ready.add(line);
        wantTurn();
      }
      return {
        run: (slices) =>
          new Promise((resolve, reject) => {
            if (closed) return resolve(undefined);
            queue(jobOf(slices, resolve, reject, () => resolve(undefined)));
          }),
        start(slices) {
          if (!closed) queue(jobOf(slices, () => {}, onError));
        },
        close() {
          closed = true;
          for (const job of [...line]) giveUp(background, line, job);
        },
      };
    },
    get size() {
      return size;
    },
  };
}
