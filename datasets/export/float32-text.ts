/**
 * The shortest decimal that reads as this float32 again: 0.1, where the float64 of the same value is 0.10000000149011612.
 * Nine digits always do. NaN and infinities are "".
 */
export function float32Text(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  if (!Number.isFinite(value)) return "";
  for (let digits = 7; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
