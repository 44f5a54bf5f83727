/** Values with what is known of them, as text: the same on terminals and in reports. */
import { digitsForIntervals } from "../../common/digits.js";
import type { MeanAndStandardError } from "../../common/mean-and-standard-error.js";
import type { Estimated } from "../../statistics/tournament-statistics.js";
import { fixedNumber } from "./numbers.js";

/** For what there is none of. */
export const NONE = "–";

/** After a figure in which forfeited trials are counted as uniform play's. */
export const FORFEITED = "†";

/** What an open marker means, for below a picture. */
export const FORFEITS_FOOT = "; open: forfeited trials count as uniform play";

/** What `digits` are for these values: as many as their intervals warrant. */
export function estimatedDigits(values: readonly (Estimated | null | undefined)[]): number {
  return digitsForIntervals(values.map((value) => value?.ci95));
}

/** `35.9 [30.3, 41.9]`: values with their 95 % intervals, all with as many digits as the intervals warrant. */
export function estimatedTexts(values: readonly (Estimated | null | undefined)[]): string[] {
  const digits = estimatedDigits(values);
  return values.map((value) => (value ? estimatedText(value, digits) : NONE));
}

/** With so many digits after the point; `35.9 [–]` where there is no interval. */
export function estimatedText({ value, ci95 }: Estimated, digits: number): string {
  return `${signedNumber(value, digits)} ${ci95 === null ? `[${NONE}]` : intervalText(ci95, digits)}`;
}

/** `[30.3, 41.9]`. */
export function intervalText(ci95: Estimated["ci95"], digits: number): string {
  return ci95 === null ? NONE : `[${signedNumber(ci95[0], digits)}, ${signedNumber(ci95[1], digits)}]`;
}

/** `466.9 ± 2.4`: a mean and its standard error; `466.9 ± –` where there is none, of one trial. */
export function meanText(value: MeanAndStandardError | null, digits: number): string {
  if (value === null || value.mean === null) return NONE;
  return `${signedNumber(value.mean, digits)} ± ${value.se === null ? NONE : fixedNumber(value.se, digits)}`;
}

/** With a minus sign that is one, and none before a zero. */
export function signedNumber(value: number, digits: number): string {
  const text = fixedNumber(Math.abs(value), digits);
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** `20 instances of 5 trials each`: what the trials of a task are of that share instances. */
export function sharedText(instances: number, trials: number): string {
  const each = trials / instances;
  return `${fixedNumber(instances, 0)} ${instances === 1 ? "instance" : "instances"} of ${fixedNumber(each, 0)} ${each === 1 ? "trial" : "trials"} each`;
}

/** `120 of 300 forfeited`, beside the name of who did; undefined where none was. */
export function forfeitsNote({
  forfeits,
  trials,
}: {
  readonly forfeits: number;
  readonly trials: number;
}): string | undefined {
  if (forfeits === 0) return undefined;
  if (forfeits === trials) return trials === 1 ? "forfeited" : `all ${fixedNumber(trials, 0)} forfeited`;
  return `${fixedNumber(forfeits, 0)} of ${fixedNumber(trials, 0)} forfeited`;
}
