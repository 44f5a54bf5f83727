/** Long computations as generators that yield every few milliseconds, so that nobody's event loop is held up. */

/** Units of work between two pauses: a few milliseconds, where a unit is an index drawn or a value added. */
const UNITS_PER_SLICE = 500_000;

/** Counts work: tells, when units of it have been done, whether it is time for a pause. */
export function workMeter(): (units: number) => boolean {
  let done = 0;
  return (units) => {
    done += units;
    if (done < UNITS_PER_SLICE) return false;
    done = 0;
    return true;
  };
}

/** Drives a generator to its end, waiting for `pause` (a turn of the event loop, say) wherever it yields. */
export async function runInSlices<T>(slices: Generator<void, T>, pause: () => Promise<unknown>): Promise<T> {
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
    await pause();
  }
}

/** Drives a generator to its end at once. */
export function runAtOnce<T>(slices: Generator<void, T>): T {
  for (;;) {
    const slice = slices.next();
    if (slice.done) return slice.value;
  }
}
