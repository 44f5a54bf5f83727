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
