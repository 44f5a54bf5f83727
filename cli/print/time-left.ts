/**
 * How long several pieces of work will still take, from what was done of each and when: pure, the clock is the caller's.
 *
 * Each piece goes on at its own recent rate, beside the others, so all are done when the slowest is. Of one that goes on by leaps, as envs
 * side by side end their trials together, the rate is measured from leap to leap. Nothing is said until every piece has shown its rate.
 */

/** A piece of work, and how far it is. Its units are its own: the finer they follow what things cost, the better the estimate. */
export interface Work {
  readonly name: string;
  readonly done: number;
  readonly total: number;
}

/** An estimate that follows the work. */
export interface TimeLeft {
  /** Takes how far all pieces are. `atMs` never goes back. */
  take(atMs: number, works: readonly Work[]): void;
  /** Milliseconds from then on; undefined while it cannot be known. */
  leftMs(atMs: number): number | undefined;
}

/** A rate is that of the last so many milliseconds, or of the last leaps where these are further apart. */
const WINDOW_MS = 20_000;
/** Times that a piece went on before its rate is known, and how long that took at least. */
const LEAST_LEAPS = 3;
const LEAST_MS = 1000;
/** Leaps are told apart when they are so far from each other. */
const APART_MS = 100;
/** What is shown comes nearer to what follows from the rates, in some part of the time that is left, and in so long at most. */
const SETTLING_PART = 0.25;
const MOST_SETTLING_MS = 5000;

/** Nothing known yet. */
export function createTimeLeft(): TimeLeft {
  const tracks = new Map<string, Track>();
  let endsAtMs: number | undefined;
  let takenAtMs = 0;
  return {
    take(atMs, works) {
      let raw: number | undefined = atMs;
      for (const { name, done, total } of works) {
        const track = tracks.get(name) ?? createTrack(done);
        tracks.set(name, track);
        track.take(atMs, done);
        const endMs = done >= total ? atMs : track.endMs(atMs, total);
        raw = raw === undefined || endMs === undefined ? undefined : Math.max(raw, endMs);
      }
      if (raw === undefined || endsAtMs === undefined) endsAtMs = raw;
      else {
        const settlingMs = Math.min(SETTLING_PART * (raw - atMs), MOST_SETTLING_MS);
        endsAtMs =
          settlingMs <= 0 ? raw : endsAtMs + (raw - endsAtMs) * (1 - Math.exp((takenAtMs - atMs) / settlingMs));
      }
      takenAtMs = atMs;
    },
    leftMs: (atMs) => (endsAtMs === undefined || endsAtMs <= atMs ? undefined : endsAtMs - atMs),
  };
}

interface Leap {
  readonly atMs: number;
  readonly done: number;
}

/** How one piece goes on. */
interface Track {
  take(atMs: number, done: number): void;
  /** When it will have done `total`; undefined while its rate is not known. */
  endMs(atMs: number, total: number): number | undefined;
}

function createTrack(begun: number): Track {
  /** What was done at the end of each leap; of the first it is not known how long it took. */
  const leaps: Leap[] = [];
  let last: Leap = { atMs: 0, done: begun };
  return {
    take(atMs, done) {
      if (done <= last.done) return;
      last = { atMs, done };
      const before = leaps.at(-1);
      if (before !== undefined && atMs - before.atMs < APART_MS) return;
      leaps.push(last);
      while (leaps.length > LEAST_LEAPS && leaps[1].atMs <= atMs - WINDOW_MS) leaps.shift();
    },
    endMs(atMs, total) {
      if (leaps.length < LEAST_LEAPS) return undefined;
      const first = leaps[0];
      const spanMs = last.atMs - first.atMs;
      if (spanMs < LEAST_MS) return undefined;
      // One that is overdue has become slower.
      const overdueMs = Math.max(0, atMs - last.atMs - (2 * spanMs) / (leaps.length - 1));
      const msEach = (spanMs + overdueMs) / (last.done - first.done);
      return Math.max(atMs, last.atMs + overdueMs + (total - last.done) * msEach);
    },
  };
}
