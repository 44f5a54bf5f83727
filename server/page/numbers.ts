/** Numbers and times for people, the same on every machine whatever its locale. */

/** Thousands set apart: 1,234,567. */
export function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** At most five characters: 950, 9,500, 12.3k, 4.56M. */
export function compact(value: number): string {
  if (value < 10_000) return whole(value);
  const [scaled, unit] = value < 1e6 ? [value / 1e3, "k"] : value < 1e9 ? [value / 1e6, "M"] : [value / 1e9, "G"];
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)}${unit}`;
}

/** Three significant digits, or all of the integer part. */
export function short(value: number): string {
  if (value === 0) return "0";
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return fixed(value, Number.isInteger(value) ? 0 : digits);
}

/** So many digits after the point, with a true minus. */
export function fixed(value: number, digits: number): string {
  const [integer, fraction] = value.toFixed(digits).split(".");
  const grouped = integer.replace("-", "").replace(/\B(?=(\d{3})+$)/g, ",");
  return `${integer.startsWith("-") ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Whole percent, which says 100 only of all. */
export function percent(part: number, all: number): string {
  return all === 0 ? "0 %" : `${Math.floor((100 * part) / all)} %`;
}

/** How long: 12 s, 3 min, 5 h 12 min, 2 d 3 h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "1 trial", "2,000 trials". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${whole(count)} ${count === 1 ? noun : plural}`;
}
