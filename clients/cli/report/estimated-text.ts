import type { Estimated } from "../../../server/tournaments/statistics/tournament-statistics.js";
import { commonDigits, fixedNumber } from "../print/numbers.js";

/** For what there is none of. */
export const NONE = "–";

/** What `digits` are for these values: as many as their intervals warrant. */
export function estimatedDigits(values: readonly (Estimated | null | undefined)[]): number {
  return commonDigits(values.map((value) => (value ? (value.ci95[1] - value.ci95[0]) / 4 : 0)));
}

/** `35.9 [30.3, 41.9]`: values with their 95 % intervals, all with as many digits as the intervals warrant. */
export function estimatedTexts(values: readonly (Estimated | null | undefined)[]): string[] {
  const digits = estimatedDigits(values);
  return values.map((value) => (value ? estimatedText(value, digits) : NONE));
}

/** With so many digits after the point. */
export function estimatedText({ value, ci95: [low, high] }: Estimated, digits: number): string {
  return `${signedNumber(value, digits)} [${signedNumber(low, digits)}, ${signedNumber(high, digits)}]`;
}

/** With a minus sign that is one, and none before a zero. */
export function signedNumber(value: number, digits: number): string {
  const text = fixedNumber(Math.abs(value), digits);
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}
