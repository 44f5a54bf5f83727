/** Numbers for people, the same on every machine whatever its locale. */

/** Three significant digits or all of the integer part: 0.0123, 4.56, 33.1, 222, 1,234. */
export function shortNumber(value: number): string {
  if (value === 0) return "0";
  const digits = Math.min(20, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return fixedNumber(value, value === Math.round(value) ? 0 : digits);
}

/** So many digits after the point, thousands set apart by commas. */
export function fixedNumber(value: number, digits: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [whole, fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Digits after the point that show the first two significant digits of an error, at most 4. */
export function digitsForError(error: number): number {
  if (!(error > 0)) return 2;
  return Math.min(4, Math.max(0, 1 - Math.floor(Math.log10(error))));
}

/** Most digits after the point in a table: more are noise to a reader. */
const MOST_DIGITS = 3;

/** One number of digits for a column of values with these errors, so that its points stand below each other. */
export function commonDigits(errors: readonly number[]): number {
  const known = errors.filter((error) => error > 0);
  return known.length === 0 ? 2 : Math.min(MOST_DIGITS, Math.max(...known.map(digitsForError)));
}
