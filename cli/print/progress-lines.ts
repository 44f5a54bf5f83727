/** What a progress report says: its lines, of what is done and how fast. */
import { stripVTControlCharacters } from "node:util";
import type { ProgressItem } from "../../jobs/listener.js";
import { shortNumber } from "../../jobs/report/numbers.js";
import type { Paint } from "./paint.js";
import { shownWidth } from "./table.js";

/** All items together, at a time. */
export interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly total: number;
  /** What may come on top of `total`: of items of which it is not known yet whether they are to be done. */
  readonly undeclared: number;
  readonly steps: number;
}

/** The items together. */
export function sampleOf(items: readonly ProgressItem[], atMs: number): Sample {
  let done = 0;
  let total = 0;
  let undeclared = 0;
  let steps = 0;
  for (const item of items) {
    if (item.undeclared === true) {
      undeclared += item.total;
      continue;
    }
    done += item.done;
    total += item.total;
    steps += item.steps ?? 0;
  }
  return { atMs, done, total, undeclared, steps };
}

/** Whether nothing is left to do, and nothing may come on top of it. */
export const isAll = ({ done, total, undeclared }: Sample): boolean => done >= total && undeclared === 0;

/** Whether there is nothing to be done at the moment: all that is known of is done. */
export const isIdle = ({ done, total, undeclared }: Sample): boolean => done >= total && undeclared > 0;

/** `up to 800 more trials`: what may come on top of what is known. */
export const undeclaredText = ({ total, undeclared }: Sample, units: string): string =>
  total > 0 ? `up to ${shortNumber(undeclared)} more` : `up to ${shortNumber(undeclared)} ${units}`;

/** `43 %  1,200 of 2,800 trials  1.23 M steps/s  0:12 left`. */
export function wholeText(
  sample: Sample,
  stepsPerSecond: number | undefined,
  leftMs: number | undefined,
  units: string,
  stepUnits: string,
): string {
  const { done, total, undeclared } = sample;
  const known = `${shortNumber(done)} of ${shortNumber(total)} ${units}`;
  const parts = [shareText(sample), undeclared > 0 ? `${known}, ${undeclaredText(sample, units)}` : known];
  if (stepsPerSecond !== undefined) parts.push(`${rateText(stepsPerSecond)} ${stepUnits}/s`);
  if (leftMs !== undefined && !isAll(sample)) parts.push(`${durationText(leftMs)} left`);
  return parts.join("  ");
}

/** `43 %`, four characters at least; `≥ 43 %` where there may be more to do than is known. */
function shareText({ done, total, undeclared }: Sample): string {
  const most = total + undeclared;
  const percent = `${most > 0 ? Math.floor((100 * done) / most) : 100}`;
  return undeclared > 0 ? `≥ ${percent} %` : `${percent.padStart(3)} %`;
}

/** A line for each item that is under way, or that there is something to say of: `most` of them. */
export function itemLines(items: readonly ProgressItem[], most: number, paint: Paint): string[] {
  const shown = items
    .filter(({ name, done, total, note }) => name !== "" && (done < total || note !== undefined))
    .slice(0, most);
  const width = Math.max(0, ...shown.map(({ name }) => shownWidth(name)));
  return shown.map(({ name, done, total, note }) => {
    const padded = name + " ".repeat(width - shownWidth(name));
    const count = paint.faint(`${shortNumber(done)} of ${shortNumber(total)}`);
    return `${bar(done, total)} ${padded}  ${count}${note === undefined ? "" : `  ${note}`}`;
  });
}

/** Items that are named on one line. */
const MOST_ON_A_LINE = 4;

/** `lin-ucb 20/500, emp 10/500 (waiting) and 3 more`; empty when all is done. */
export function underWayText(items: readonly ProgressItem[]): string {
  const under = items
    .filter(({ name, done, total }) => name !== "" && done < total)
    .map(({ name, done, total, note }) => `${name} ${done}/${total}${note === undefined ? "" : ` (${note})`}`);
  const more = under.length > MOST_ON_A_LINE ? ` and ${under.length - MOST_ON_A_LINE} more` : "";
  return under.slice(0, MOST_ON_A_LINE).join(", ") + more;
}

const BAR_WIDTH = 24;

/** A bar, full when all is done. */
export function bar(done: number, total: number): string {
  const full = total > 0 ? Math.min(BAR_WIDTH, Math.floor((BAR_WIDTH * done) / total)) : BAR_WIDTH;
  return `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}`;
}

/** `950`, `12.3 k`, `1.23 M`. */
function rateText(perSecond: number): string {
  if (perSecond >= 999_500) return `${(perSecond / 1e6).toPrecision(3)} M`;
  if (perSecond >= 999.5) return `${(perSecond / 1e3).toPrecision(3)} k`;
  return shortNumber(Math.round(perSecond));
}

/** `0:07`, `12:00`, `1:02:03`. */
function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The line, or what of it fits on one row of the terminal. A cut line loses its paint. */
export function cut(line: string, width: number): string {
  if (shownWidth(line) <= width) return line;
  return `${Array.from(stripVTControlCharacters(line))
    .slice(0, width - 1)
    .join("")}…`;
}
