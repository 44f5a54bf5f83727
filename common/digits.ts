/** How many digits a number is shown with: what is known of it, and no more. One rule for terminal, report and live page. */

/** Digits after the point that show the first two significant digits of an error, at most 4. */
export function digitsForError(error: number): number {
  if (!(error > 0)) return 2;
  return Math.min(4, Math.max(0, 1 - Math.floor(Math.log10(error))));
}

/** Most digits after the point in a table: more are noise to a reader. */
const MOST_DIGITS = 3;

/** One number of digits for a column of values with these errors, null where unknown, so that its points stand below each other. */
export function commonDigits(errors: readonly (number | null | undefined)[]): number {
  const known = errors.flatMap((error) => (error != null && error > 0 ? [error] : []));
  return known.length === 0 ? 2 : Math.min(MOST_DIGITS, Math.max(...known.map(digitsForError)));
}

/** The same for values with these 95 % intervals: a quarter of an interval is about a standard error. */
export function digitsForIntervals(
  intervals: readonly (readonly [low: number, high: number] | null | undefined)[],
): number {
  return commonDigits(intervals.map((interval) => interval && (interval[1] - interval[0]) / 4));
}
