/** Long computations as generators that yield every millisecond or few, so that nobody's event loop is held up. */

/**
 * What a computation says where it pauses: nothing; or that with what comes next it begins to hold much memory, which the result or
 * nothing is left of when it says that this ends. Whoever drives many of them lets few begin at once.
 */
export type Pause = undefined | "begins" | "ends";

/** A computation in slices. One that is given up is told so by `return()`. */
export type Slices<T> = Generator<Pause, T, void>;

/** Units of work between two pauses: a few milliseconds, where a unit is an index drawn or a value added. */
const UNITS_PER_SLICE = 500_000;

/** Operations between two pauses, where one takes about a nanosecond: a millisecond. */
export const OPERATIONS_PER_SLICE = 1_000_000;

/** Counts work: tells, when units of it have been done, whether it is time for a pause. */
export function workMeter(unitsPerSlice = UNITS_PER_SLICE): (units: number) => boolean {
  let done = 0;
  return (units) => {
    done += units;
    if (done < unitsPerSlice) return false;
    done = 0;
    return true;
  };
}

/** Drives a computation to its end, waiting for `pause` (a turn of the event loop, say) wherever it yields. */
export async function runInSlices<T>(slices: Slices<T>, pause: () => Promise<unknown>): Promise<T> {
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
    await pause();
  }
}

/** Drives a computation to its end at once. */
export function runAtOnce<T>(slices: Slices<T>): T {
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
  }
}

/** What is computed at once, where slices are asked for. */
// biome-ignore lint/correctness/useYield: it has but one slice
export function* inOneSlice<T>(compute: () => T): Slices<T> {
  return compute();
}
