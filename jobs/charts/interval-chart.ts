/** Values with their intervals, a row for each entrant and a panel for each measure, as a Vega spec. */
import type { Mark, Spec } from "vega";
import type { Estimated } from "../../statistics/tournament-statistics.js";
import { FORFEITS_FOOT } from "../report/estimates.js";
import { FAINT, footedPage, GRID_LOOK, INK, MARGIN, plot, rule, symbol, text } from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";
import type { Look } from "./looks.js";

/** A measure. */
export interface IntervalPanel {
  readonly title: string;
  /** Of each row; null: it has none. */
  readonly values: readonly (Estimated | null)[];
  /** Nothing is drawn outside: what lies there is marked by a triangle at the edge. Absent: all is shown. */
  readonly bounds?: readonly [low: number, high: number];
}

/** Whose values these are. */
export interface IntervalRow {
  readonly name: string;
  readonly look: Look;
  /** Stands beside the name, and makes the markers open ones: something else than play is in the values. */
  readonly note?: string;
}

/** A chart of intervals. */
export interface IntervalChart {
  readonly title: string;
  /** From the top. */
  readonly rows: readonly IntervalRow[];
  readonly panels: readonly IntervalPanel[];
  /** Pixels of a panel's axis. */
  readonly panelWidth: number;
}

const ROW_HEIGHT = 22;
const HEAD = 26;
const AXIS_HEIGHT = 34;
const GAP_X = 34;
const NAME = { size: 12, bold: true };
const NOTE = { size: 11 };
const TITLE = { size: 13, bold: true };
const LONGEST_NAME = 180;
const MARKER_RADIUS = 5;

/** The chart. */
export function intervalChart({ title, rows, panels, panelWidth }: IntervalChart): Spec {
  const labels = rows.map(({ name, note }) => {
    const fitted = fitText(name, NAME, LONGEST_NAME);
    const besides = note === undefined ? 0 : textWidth(note, NOTE) + 6;
    return { name: fitted, note, besides, width: textWidth(fitted, NAME) + besides };
  });
  const left = MARGIN + Math.max(40, ...labels.map(({ width }) => width)) + 12;
  const height = Math.max(1, rows.length) * ROW_HEIGHT;
  const top = MARGIN + HEAD;
  const known = panels.some(({ values }) => values.some((value) => value?.ci95));
  const open = rows.some(({ note }) => note !== undefined) ? FORFEITS_FOOT : "";
  return footedPage(
    title,
    left + panels.length * panelWidth + (panels.length - 1) * GAP_X + MARGIN + 14,
    top + height + AXIS_HEIGHT,
    [
      ...labels.flatMap(({ name, note, besides }, i) => [
        text(left - 12 - besides, top + middle(i) + 4, name, NAME, INK, "right"),
        ...(note === undefined ? [] : [text(left - 12, top + middle(i) + 4, note, NOTE, FAINT, "right")]),
      ]),
      ...panels.map((panel, p) => panelMark(panel, rows, left + p * (panelWidth + GAP_X), top, panelWidth, height)),
    ],
    `${known ? "95 % bootstrap intervals" : "No intervals: one trial gives none"}${open}`,
  );
}

const middle = (row: number) => (row + 0.5) * ROW_HEIGHT;

function panelMark(
  { title, values, bounds }: IntervalPanel,
  rows: IntervalChart["rows"],
  x: number,
  y: number,
  width: number,
  height: number,
): Mark {
  const [low, high] = domain(values, bounds);
  const pixel = (value: number) => ((value - low) / (high - low)) * width;
  return plot(
    { x, y, width, height },
    {
      scales: [{ name: "x", type: "linear", domain: [low, high], range: [0, width], nice: false, zero: false }],
      axes: [{ scale: "x", orient: "bottom", ...GRID_LOOK, tickCount: Math.max(3, Math.round(width / 42)) }],
      marks: [
        text(0, -10, title, TITLE, INK),
        ...rows.map((_, i) => rule([0, middle(i)], [width, middle(i)], "#f0f0f0", 1)),
        ...values.flatMap((value, i) => {
          if (value === null) return [text(4, middle(i) + 4, "none", { size: 11 }, FAINT)];
          return rowMarks(value, rows[i], middle(i), [low, high], pixel);
        }),
      ],
    },
  );
}

/** A value with its interval, where it has one; where they lie outside, a triangle that points there. */
function rowMarks(
  { value, ci95 }: Estimated,
  { look: { colour, marker }, note }: IntervalRow,
  y: number,
  [low, high]: readonly [number, number],
  pixel: (value: number) => number,
): Mark[] {
  if (value < low) return [symbol(0, y, "triangle-left", colour, 70)];
  if (value > high) return [symbol(pixel(high), y, "triangle-right", colour, 70)];
  const ends = (ci95 ?? []).map((end) => pixel(Math.min(high, Math.max(low, end))));
  return [
    // Ends within the marker would only change its shape.
    ...ends
      .filter((end) => Math.abs(end - pixel(value)) > MARKER_RADIUS)
      .map((end) => rule([end, y - 4], [end, y + 4], colour, 1.5)),
    ...(ci95 === null ? [] : [rule([ends[0], y], [ends[1], y], colour, 3)]),
    symbol(pixel(value), y, marker, colour, 64, note !== undefined),
  ];
}

/** From the lowest to the highest end of an interval, with some room, within the bounds. */
function domain(values: readonly (Estimated | null)[], bounds: IntervalPanel["bounds"]): [number, number] {
  const ends = values.flatMap((value) => (value === null ? [] : [...(value.ci95 ?? []), value.value]));
  if (ends.length === 0) return [0, 1];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const room = 0.04 * (most - least) || 0.5;
  const [low, high] = bounds ?? [-Infinity, Infinity];
  const [from, to] = [Math.max(low, least - room), Math.min(high, most + room)];
  return from < to ? [from, to] : [low, high]; // all of them lie outside
}
