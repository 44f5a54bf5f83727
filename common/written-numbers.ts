/**
 * Numbers as people write them: in flags, in `name=value`, in files. One way for all of them, decimal: digits, single `_` between digits, a
 * fraction, an exponent of ten. A whole number is one whose value is whole, `1_000`, `1000` and `1e3` alike. Nothing else is a number: no
 * hexadecimal, no octal, no infinity.
 */

const DIGITS = String.raw`\d+(?:_\d+)*`;

/** A written number; groups: sign, whole part, fraction, exponent. */
export const WRITTEN_NUMBER = new RegExp(
  `^([+-]?)(?=\\.?\\d)(${DIGITS})?(?:\\.(${DIGITS})?)?(?:[eE]([+-]?\\d{1,3}))?$`,
);

/** Characters of the longest text that is read: no number anybody means is longer. */
const MAX_LENGTH = 400;

/** What is not a whole number of so many digits or fewer has none of its uses here: a uint64 has 20. */
const MAX_WHOLE_DIGITS = 40;

/** The whole number that a text is, exactly; undefined where it is none. */
export function wholeNumberOf(text: string): bigint | undefined {
  const parts = text.length > MAX_LENGTH ? null : WRITTEN_NUMBER.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts.map((part) => part?.replaceAll("_", ""));
  const digits = (whole + fraction).replace(/^0+/, "");
  const shift = Number(exponent) - fraction.length;
  if (digits === "") return 0n;
  if (digits.length + shift > MAX_WHOLE_DIGITS || digits.length + shift < 1) return undefined;
  const kept = shift < 0 ? digits.slice(0, shift) : digits + "0".repeat(shift);
  if (shift < 0 && /[1-9]/.test(digits.slice(shift))) return undefined;
  return sign === "-" ? -BigInt(kept) : BigInt(kept);
}

/** The real number that a text is, as the nearest float64; undefined where it is none, or too large for one. */
export function realNumberOf(text: string): number | undefined {
  if (text.length > MAX_LENGTH || !WRITTEN_NUMBER.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? value : undefined;
}

/** The uint64 that a text is, a seed for example; undefined where it is none. */
export function uint64Of(text: string): bigint | undefined {
  const value = wholeNumberOf(text);
  return value !== undefined && value >= 0n && value < 1n << 64n ? value : undefined;
}
