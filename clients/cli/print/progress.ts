/**
 * Progress of several things at once, on stderr. On a terminal a block that is redrawn in place: a line for the whole
 * with bar, rate and time left, then a line for each thing that is under way. Elsewhere plain lines, seldom.
 */
import { stripVTControlCharacters } from "node:util";
import { shortNumber } from "./numbers.js";
import { type Paint, plain } from "./paint.js";
import { shownWidth } from "./table.js";
import { onOneLine, printText } from "./terminal.js";

/** One thing that makes progress: a match, say. */
export interface ProgressItem {
  /** Empty for one that is the whole: it has no bar of its own. */
  readonly name: string;
  /** Of `total`, in the units given to `createProgress`. */
  readonly done: number;
  readonly total: number;
  /** Steps taken so far; absent where nothing is stepped. */
  readonly steps?: number;
  /** What else there is to say: "waiting for its agent", "forfeited: ACT_TIMEOUT". */
  readonly note?: string;
}

/** Where progress is written: process.stderr, or a test's. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
  /** Height of the terminal. */
  readonly rows?: number;
}

/** How progress is shown. */
export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** Milliseconds from any origin that never go back. */
  readonly nowMs: () => number;
  /** What `done` counts, in the plural. Default "trials". */
  readonly units?: string;
  /** What `steps` counts, in the plural. Default "steps". */
  readonly stepUnits?: string;
  /** Between two redraws on a terminal. Default 100. */
  readonly redrawMs?: number;
  /** Between two plain lines. Default 5,000. */
  readonly lineMs?: number;
  readonly paint?: Paint;
}

/** A progress report under way. */
export interface Progress {
  /**
   * Takes the state of everything; shows it when it is time, and always when all is done or a wait is over.
   *
   * @param wait what has to come before it is known how much there is to do: "waiting for 2 of 7 agents". There is no total then
   */
  update(items: readonly ProgressItem[], wait?: string): void;
  /** Writes a line of its own, above the block on a terminal. */
  say(line: string): void;
  /** Shows the last state if it was not shown yet. Nothing is written afterwards. */
  finish(): void;
}

/** Rates are those of the last so many milliseconds. */
const RATE_WINDOW_MS = 10_000;
/** The time left follows from so many: envs side by side end their trials together, in steps seconds apart. */
const LEFT_WINDOW_MS = 60_000;
/** In this time the time left that is shown comes two thirds nearer to what follows from the window. */
const SETTLING_MS = 10_000;
/** Samples are kept so far apart. */
const SAMPLE_MS = 100;
const BAR_WIDTH = 24;
const MOST_ON_A_LINE = 4;

/** Starts a progress report. Nothing is written until the first update. */
export function createProgress(options: ProgressOptions): Progress {
  const {
    stream,
    nowMs,
    units = "trials",
    stepUnits = "steps",
    redrawMs = 100,
    lineMs = 5000,
    paint = plain,
  } = options;
  const samples: Sample[] = [];
  const left = timeLeft(samples);
  let items: readonly ProgressItem[] = [];
  let waiting: string | undefined;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let shownAll = false;
  let pending = false;
  let finished = false;
  let blockLines = 0;

  const erase = () => (blockLines === 0 ? "" : `\x1b[${blockLines}A\x1b[0J`);

  function show(sample: Sample): void {
    const notes = items.flatMap(({ name, note }) => (name === "" && note !== undefined ? [note] : []));
    const whole = waiting ?? wholeText(samples, sample, left.ms(sample), units, stepUnits);
    if (stream.isTTY === true) {
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const most = Math.max(0, (stream.rows ?? 24) - 3);
      const first = waiting === undefined ? `${bar(sample.done, sample.total)} ${whole}` : whole;
      const lines = [first, ...notes, ...itemLines(items, most, paint)];
      stream.write(`${erase()}${lines.map((line) => `${cut(onOneLine(line), width)}\n`).join("")}`);
      blockLines = lines.length;
    } else {
      const under = waiting === undefined ? [underWayText(items), ...notes].filter(Boolean).join(", ") : "";
      printText(stream, `${onOneLine(under === "" ? whole : `${whole}: ${under}`)}\n`);
    }
    shownAtMs = sample.atMs;
    shownAll = waiting === undefined && sample.done >= sample.total;
    pending = false;
  }

  return {
    update(next, wait) {
      if (finished || next.length === 0) return;
      items = next;
      const sample = sampleOf(items, nowMs());
      remember(samples, sample);
      const waited = waiting !== undefined && wait !== waiting; // for somebody else now, or for nobody
      waiting = wait;
      if (waiting === undefined) left.take(sample);
      const all = waiting === undefined && sample.done >= sample.total;
      pending = !(all && shownAll);
      const interval = stream.isTTY === true ? redrawMs : lineMs;
      if (pending && (all || waited || sample.atMs - shownAtMs >= interval)) show(sample);
    },
    say(line) {
      if (finished) return;
      stream.write(erase());
      printText(stream, `${line}\n`);
      blockLines = 0;
      if (stream.isTTY === true && items.length > 0) show(sampleOf(items, nowMs()));
    },
    finish() {
      if (!finished && pending) show(sampleOf(items, nowMs()));
      finished = true;
    },
  };
}

interface Sample {
  readonly atMs: number;
  readonly done: number;
  readonly total: number;
  readonly steps: number;
}

function sampleOf(items: readonly ProgressItem[], atMs: number): Sample {
  let done = 0;
  let total = 0;
  let steps = 0;
  for (const item of items) {
    done += item.done;
    total += item.total;
    steps += item.steps ?? 0;
  }
  return { atMs, done, total, steps };
}

/** Keeps the samples of the longer window, and the last one before it. */
function remember(samples: Sample[], sample: Sample): void {
  const last = samples.at(-1);
  if (last === undefined || sample.atMs - last.atMs >= SAMPLE_MS) samples.push(sample);
  while (samples.length > 2 && samples[1].atMs <= sample.atMs - LEFT_WINDOW_MS) samples.shift();
}

/** The last sample before a window, or the first. */
function windowStart(samples: readonly Sample[], nowMs: number, windowMs: number): Sample {
  return samples.findLast(({ atMs }) => atMs <= nowMs - windowMs) ?? samples[0];
}

/** When all will be done: an estimate that does not jump with every burst of ends. */
function timeLeft(samples: readonly Sample[]) {
  let endsAtMs: number | undefined;
  let beganAtMs = 0;
  let takenAtMs = 0;
  return {
    take({ atMs, done, total }: Sample): void {
      const first = samples[0];
      if (done <= first.done) return;
      const raw = atMs + ((total - done) * (atMs - first.atMs)) / (done - first.done);
      if (endsAtMs === undefined) {
        endsAtMs = raw;
        beganAtMs = first.atMs;
      } else {
        // What is known for a moment only counts for little.
        const settlingMs = Math.max(1, Math.min(SETTLING_MS, atMs - beganAtMs));
        endsAtMs += (raw - endsAtMs) * (1 - Math.exp((takenAtMs - atMs) / settlingMs));
      }
      takenAtMs = atMs;
    },
    /** Milliseconds; undefined where nothing is known. */
    ms: ({ atMs }: Sample): number | undefined =>
      endsAtMs === undefined || endsAtMs <= atMs ? undefined : endsAtMs - atMs,
  };
}

/** `43 %  1,200 of 2,800 trials  1.23 M steps/s  0:12 left`. */
function wholeText(
  samples: readonly Sample[],
  { atMs, done, total, steps }: Sample,
  leftMs: number | undefined,
  units: string,
  stepUnits: string,
): string {
  const percent = total > 0 ? Math.floor((100 * done) / total) : 100;
  const parts = [`${String(percent).padStart(3)} %`, `${shortNumber(done)} of ${shortNumber(total)} ${units}`];
  const first = windowStart(samples, atMs, RATE_WINDOW_MS);
  const elapsedMs = atMs - first.atMs;
  if (elapsedMs > 0 && steps > first.steps)
    parts.push(`${rateText((1000 * (steps - first.steps)) / elapsedMs)} ${stepUnits}/s`);
  if (leftMs !== undefined && done < total) parts.push(`${durationText(leftMs)} left`);
  return parts.join("  ");
}

function itemLines(items: readonly ProgressItem[], most: number, paint: Paint): string[] {
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

/** `lin-ucb 20/500, emp 10/500 (waiting) and 3 more`; empty when all is done. */
function underWayText(items: readonly ProgressItem[]): string {
  const under = items
    .filter(({ name, done, total }) => name !== "" && done < total)
    .map(({ name, done, total, note }) => `${name} ${done}/${total}${note === undefined ? "" : ` (${note})`}`);
  const more = under.length > MOST_ON_A_LINE ? ` and ${under.length - MOST_ON_A_LINE} more` : "";
  return under.slice(0, MOST_ON_A_LINE).join(", ") + more;
}

function bar(done: number, total: number): string {
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
function cut(line: string, width: number): string {
  if (shownWidth(line) <= width) return line;
  return `${Array.from(stripVTControlCharacters(line))
    .slice(0, width - 1)
    .join("")}…`;
}
