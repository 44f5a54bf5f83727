/**
 * Progress of several things at once, on stderr. On a terminal a block that is redrawn in place: a line for the whole
 * with bar, rate and time left, then a line for each thing that is under way. Elsewhere plain lines, seldom.
 */
import type { JobListener, ProgressItem } from "../../jobs/listener.js";
import { withTypedCommands } from "../typed-command.js";
import { createInterludes, type Interlude } from "./interludes.js";
import { type Paint, paintFor, plain } from "./paint.js";
import {
  bar,
  cut,
  isAll,
  isIdle,
  itemLines,
  type Sample,
  sampleOf,
  undeclaredText,
  underWayText,
  wholeText,
} from "./progress-lines.js";
import { onOneLine, printText } from "./terminal.js";
import { createTimeLeft, type Work } from "./time-left.js";

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

/** A progress report under way: what is told is shown when it is time, and always when all is done or a wait begins or is over. */
export interface Progress extends JobListener {
  doing(text: string, interlude?: Interlude): void;
  /** Tells how many interludes of a kind are still to come: how long they take is learned from the first one. */
  expect(kind: string, times: number): void;
  /** Shows the last state if it was not shown yet. Nothing is written afterwards. */
  finish(): void;
}

/** Rates are those of the last so many milliseconds. */
const RATE_WINDOW_MS = 10_000;
/** Samples are kept so far apart. */
const SAMPLE_MS = 100;

/** Progress of a command, on standard error. Commands in what is said are named as one can paste them. */
export function commandProgress(options: Pick<ProgressOptions, "units" | "stepUnits"> = {}): Progress {
  const progress = createProgress({
    ...options,
    stream: process.stderr,
    nowMs: () => performance.now(),
    paint: paintFor(process.stderr, process.env),
  });
  return { ...progress, say: (line) => progress.say(withTypedCommands(line)) };
}

/** Starts a progress report. Nothing is written until something is told. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, nowMs, units = "trials", stepUnits = "steps", redrawMs = 100, lineMs = 5000 } = options;
  const { paint = plain } = options;
  const tty = stream.isTTY === true;
  const samples: Sample[] = [];
  let left = createTimeLeft();
  const interludes = createInterludes();
  const costs = new Map<string, number>();
  let items: readonly ProgressItem[] = [];
  let waiting: string | undefined;
  /** What is done now that has no bar. */
  let busy: string | undefined;
  /** What was the last line elsewhere than on a terminal. */
  let lastDoing: string | undefined;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  let shownAll = false;
  let pending = false;
  let finished = false;
  const block = createBlock(stream);

  /** A plain line. */
  const line = (text: string) => printText(stream, `${onOneLine(text)}\n`);

  /** Milliseconds until all is done; undefined where that cannot be known. */
  function leftMs({ atMs, undeclared }: Sample): number | undefined {
    const working = left.leftMs(interludes.workMs(atMs));
    const interrupted = interludes.leftMs();
    if (working === undefined || interrupted === undefined || undeclared > 0 || waiting !== undefined) return undefined;
    return working + interrupted;
  }

  function show(sample: Sample): void {
    const notes = items.flatMap(({ name, note }) => (name === "" && note !== undefined ? [note] : []));
    const text = wholeText(sample, stepRate(samples, sample), leftMs(sample), units, stepUnits);
    if (tty) {
      const whole = `${bar(sample.done, sample.total + sample.undeclared)} ${text}`;
      const more = waiting === undefined ? [] : [waiting];
      const first =
        waiting !== undefined && isIdle(sample)
          ? [`${waiting}: ${undeclaredText(sample, units)}`]
          : [whole, ...more, ...notes];
      const most = Math.max(0, (stream.rows ?? 24) - 2 - first.length);
      block.draw([...first, ...itemLines(items, most, paint)]);
    } else if (waiting !== undefined && isIdle(sample)) {
      line(`${waiting}: ${undeclaredText(sample, units)}`);
    } else {
      const declared = items.filter(({ undeclared }) => undeclared !== true);
      const under = waiting !== undefined && sample.done === 0 ? "" : underWayText(declared);
      const told = [under, ...notes, waiting].filter(Boolean).join(", ");
      line(told === "" ? text : `${text}: ${told}`);
    }
    lastDoing = undefined;
    shownAtMs = sample.atMs;
    shownAll = isAll(sample);
    pending = false;
  }

  /** The whole as far as it is, and what is done now. */
  function showBusy(text: string, atMs: number): void {
    const sample = sampleOf(items, atMs);
    const under = items.length > 0 && !isAll(sample);
    const whole = wholeText(sample, undefined, undefined, units, stepUnits);
    block.draw([...(under ? [`${bar(sample.done, sample.total + sample.undeclared)} ${whole}`] : []), text]);
  }

  return {
    update(next, wait) {
      if (finished || next.length === 0) return;
      if (isOther(next, items)) {
        left = createTimeLeft();
        costs.clear();
      }
      items = next;
      const sample = sampleOf(items, nowMs());
      interludes.end(sample.atMs);
      remember(samples, sample);
      left.take(interludes.workMs(sample.atMs), worksOf(items, costs));
      const news = wait !== waiting || (tty && busy !== undefined);
      waiting = wait;
      const all = isAll(sample);
      pending = !(all && shownAll);
      const interval = tty ? redrawMs : lineMs;
      busy = undefined;
      if (pending && (all || news || sample.atMs - shownAtMs >= interval)) show(sample);
    },
    doing(text, { kind, brief = false } = {}) {
      if (finished || text === busy) return;
      const atMs = nowMs();
      if (!tty && pending && items.length > 0 && isAll(sampleOf(items, atMs))) show(sampleOf(items, atMs));
      busy = text;
      interludes.begin(kind, atMs);
      if (tty) showBusy(text, atMs);
      else if (!brief && text !== lastDoing) {
        line(text);
        lastDoing = text;
      }
    },
    expect: interludes.expect,
    say(line) {
      if (finished) return;
      block.erase();
      printText(stream, `${line}\n`);
      if (!tty) return;
      if (busy !== undefined) showBusy(busy, nowMs());
      else if (items.length > 0) show(sampleOf(items, nowMs()));
    },
    finish() {
      if (finished) return;
      if (pending || (tty && busy !== undefined && items.length > 0)) show(sampleOf(items, nowMs()));
      else if (tty && busy !== undefined) block.erase();
      finished = true;
    },
  };
}

/** Lines that are drawn again in their place on a terminal. */
function createBlock(stream: ProgressStream) {
  let lines = 0;
  const erasing = () => (lines === 0 ? "" : `\x1b[${lines}A\x1b[0J`);
  return {
    draw(next: readonly string[]): void {
      const width = Math.max(20, (stream.columns || 80) - 1);
      stream.write(`${erasing()}${next.map((text) => `${cut(onOneLine(text), width)}\n`).join("")}`);
      lines = next.length;
    },
    erase(): void {
      if (lines > 0) stream.write(erasing());
      lines = 0;
    },
  };
}

/** Whether other things are under way now: labels, say, after trials were played. */
function isOther(next: readonly ProgressItem[], before: readonly ProgressItem[]): boolean {
  const names = new Set(before.map(({ name }) => name));
  return next.length !== before.length || next.some(({ name }) => !names.has(name));
}

/** Keeps the samples of the rate's window, and the last one before it. */
function remember(samples: Sample[], sample: Sample): void {
  const last = samples.at(-1);
  if (last !== undefined && sample.steps < last.steps) samples.length = 0; // other things are under way now
  if (last === undefined || sample.atMs - last.atMs >= SAMPLE_MS) samples.push(sample);
  while (samples.length > 2 && samples[1].atMs <= sample.atMs - RATE_WINDOW_MS) samples.shift();
}

/** Steps a second, lately; undefined where none were taken. */
function stepRate([first]: readonly Sample[], { atMs, steps }: Sample): number | undefined {
  return first === undefined || atMs <= first.atMs || steps <= first.steps
    ? undefined
    : (1000 * (steps - first.steps)) / (atMs - first.atMs);
}

/**
 * What everybody has to do, in steps where they are known: trials cost as much as their steps, and those under way are done in part.
 *
 * @param found of each item what was done already when it was first seen, in `total`s, beyond the steps that were counted
 */
function worksOf(items: readonly ProgressItem[], found: Map<string, number>): Work[] {
  const works = new Map<string, { name: string; done: number; total: number }>();
  for (const { name, by = name, done, total, steps = 0, maxSteps, undeclared } of items) {
    if (undeclared === true || total === 0) continue;
    const work = works.get(by) ?? { name: by, done: 0, total: 0 };
    works.set(by, work);
    const cost = maxSteps ?? total;
    const ended = done / total; // some of those under way are not counted
    const taken = maxSteps === undefined ? 0 : steps / maxSteps; // where episodes end early the rest is not needed
    const before = found.get(name) ?? Math.max(0, ended - taken);
    found.set(name, before);
    work.done += cost * Math.min(1, Math.max(ended, before + taken));
    work.total += cost;
  }
  return [...works.values()];
}
