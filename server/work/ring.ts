/** Lines of computations that take turns, a slice each. */
import type { Pause, Slices } from "../../common/slices.js";

/** One computation. */
export interface Job {
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
export type Line = Job[];

/** A ring of lines. */
export interface Ring {
  /** Lines that could have a slice now. */
  readonly ready: number;
  /** Computes a slice of the first job of the line whose turn it is. @returns whether there is one */
  serve(): boolean;
  /** Computes a slice of a job that is in no line yet; who waits for its end hears of it. */
  advance(job: Job): Pause;
  /** Takes a line whose first job paused. */
  add(line: Line, pause?: Pause): void;
  /** Ends a job of a line before its time. */
  giveUp(line: Line, job: Job): void;
}

/** Computations of a ring that may hold much memory at once. */
const MOST_LARGE = 4;

/** Who hears of a ring. */
export interface RingEvents {
  /** There may be a line that is ready. */
  changed(): void;
  /** A job is over, however. */
  ended(): void;
  /** What those throw who are told of the end of a job, or what a job throws that is given up. */
  onError(error: unknown): void;
}

/** A ring without lines. */
export function createRing({ changed, ended, onError }: RingEvents): Ring {
  const ready = new Set<Line>();
  /** Lines whose first job wants to hold much memory, and has to wait. */
  const parked = new Set<Line>();
  let large = 0;

  function add(line: Line, pause?: Pause): void {
    const waits = pause === "begins" && large === MOST_LARGE;
    if (pause === "begins" && !waits) {
      line[0].large = true;
      large += 1;
    }
    (waits ? parked : ready).add(line);
    changed();
  }

  /** It holds little now: another may begin. */
  function letGo(job: Job): void {
    if (!job.large) return;
    job.large = false;
    large -= 1;
    const [next] = parked;
    if (next === undefined) return;
    parked.delete(next);
    add(next, "begins");
  }

  function end(job: Job): void {
    job.over = true;
    ended();
    letGo(job);
  }

  function putAway({ slices }: Job): void {
    try {
      slices.return(undefined);
    } catch (error) {
      onError(error);
    }
  }

  function advance(job: Job): Pause {
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
      putAway(job); // was given up from inside
      return undefined;
    }
    if (slice?.done === false) {
      if (slice.value === "ends") letGo(job);
      return slice.value;
    }
    end(job);
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

  return {
    get ready() {
      return ready.size;
    },
    serve() {
      const [line] = ready;
      if (line === undefined) return false;
      ready.delete(line);
      const [job] = line;
      const pause = advance(job);
      if (job.over) line.shift();
      if (line.length > 0) add(line, pause);
      return true;
    },
    advance,
    add,
    giveUp(line, job) {
      if (job.over) return;
      end(job);
      job.givenUp();
      if (job.running) return;
      line.splice(line.indexOf(job), 1);
      // What comes next in the line has not begun.
      if (parked.delete(line) && line.length > 0) add(line);
      if (line.length === 0) ready.delete(line);
      putAway(job);
    },
  };
}
