/** Lines with bands in panels, as a Vega spec: distances from an expert by step, regret by what was learned from. */
import type { Mark, Spec } from "vega";
import { shortNumber } from "../report/numbers.js";
import {
  AXIS_LOOK,
  type BandPoint,
  bandMark,
  clipped,
  FAINT,
  footedPage,
  GRID_LOOK,
  INK,
  lineMark,
  MARGIN,
  plot,
  rule,
  text,
} from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";
import { type Look, looksOf } from "./looks.js";
import { spreadLabels } from "./spread-labels.js";

/** A line, of at least one point, with the ends of its band; they are the value itself where none is known. */
export interface BandLine {
  readonly name: string;
  readonly points: readonly BandPoint[];
}

/** Lines on the same axes. */
export interface LinePanel {
  readonly title: string;
  /** Of the vertical axis, which begins at 0. */
  readonly measure: string;
  readonly lines: readonly BandLine[];
}

/** What stands around the panels. */
export interface PanelWords {
  /** For who cannot see it. */
  readonly description: string;
  /** Title of the horizontal axes. */
  readonly along: string;
  /** What the bands are, below the picture. */
  readonly foot: string;
}

const PLOT = { width: 300, height: 220 };
const AXIS = { left: 54, bottom: 46 };
const HEAD = 30;
const LEADER = 14;
const LINE_HEIGHT = 15;
const GAP = { x: 26, y: 24 };
const TITLE = { size: 13, bold: true };
const NAME = { size: 12, bold: true };
const VALUE = { size: 12 };
const WORD_GAP = 5;

/** A band reaches no higher than so many times the highest line: one wide band is not to flatten all the lines. */
const MOST_BAND = 1.6;

/**
 * The chart. Panels of a row have one vertical axis, so that they can be compared; a line looks the same in all of them.
 *
 * @param rows of panels
 */
export function linePanels(rows: readonly (readonly LinePanel[])[], { description, along, foot }: PanelWords): Spec {
  const names = rows.flat().flatMap(({ lines }) => lines.map(({ name }) => name));
  const looks = looksOf([...new Set(names)]);
  const labelWidth = Math.max(
    ...rows
      .flat()
      .flatMap(({ lines }) => lines.map((line) => textWidth(line.name, NAME) + textWidth(lastOf(line), VALUE))),
  );
  const cell = {
    width: AXIS.left + PLOT.width + LEADER + 3 + labelWidth + WORD_GAP,
    height: HEAD + PLOT.height + AXIS.bottom,
  };
  const columns = Math.max(...rows.map((row) => row.length));
  return footedPage(
    description,
    2 * MARGIN + columns * cell.width + (columns - 1) * GAP.x,
    MARGIN + rows.length * cell.height + (rows.length - 1) * GAP.y + MARGIN / 2,
    rows.flatMap((row, r) => {
      const points = row.flatMap(({ lines }) => lines.flatMap((line) => line.points));
      const highest = Math.max(...points.map(({ y }) => y));
      const limit = 1.05 * Math.min(MOST_BAND * highest, Math.max(...points.map(({ high }) => high)));
      return row.map((panel, c) =>
        panelMark(panel, along, looks, limit > 0 ? limit : 1, {
          x: MARGIN + AXIS.left + c * (cell.width + GAP.x),
          y: MARGIN + HEAD + r * (cell.height + GAP.y),
        }),
      );
    }),
    foot,
  );
}

const lastOf = ({ points }: BandLine): string => shortNumber(points[points.length - 1].y);

function panelMark(
  { title, measure, lines }: LinePanel,
  along: string,
  looks: ReadonlyMap<string, Look>,
  limit: number,
  at: { readonly x: number; readonly y: number },
): Mark {
  const { width, height } = PLOT;
  const places = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const pixelY = (y: number) => height * (1 - Math.min(y, limit) / limit);
  const ends = lines.map(({ points }) => pixelY(points[points.length - 1].y));
  const labelY = spreadLabels(ends, LINE_HEIGHT, LINE_HEIGHT / 2, height - LINE_HEIGHT / 2);
  const lookOf = ({ name }: BandLine) => looks.get(name) as Look;
  return plot(
    { ...at, ...PLOT },
    {
      scales: [
        { name: "x", type: "linear", domain: [first, Math.max(last, first + 1)], range: [0, width], nice: false },
        { name: "y", type: "linear", domain: [0, limit], range: [height, 0], nice: false },
      ],
      axes: [
        { scale: "y", orient: "left", title: measure, ...GRID_LOOK },
        { scale: "x", orient: "bottom", title: along, ...(last >= 10_000 && { format: "~s" }), ...AXIS_LOOK },
      ],
      marks: [
        text(0, -12, fitText(title, TITLE, width), TITLE, INK),
        clipped(width, height, [
          ...lines.map((line) => bandMark(line.points, lookOf(line).colour, 0.15)),
          ...lines.map((line) => lineMark(line.points, lookOf(line).colour, lookOf(line).dash)),
        ]),
        ...lines.flatMap((line) => (line.points.length === 1 ? [pointMark(line.points[0], lookOf(line))] : [])),
        ...lines.flatMap((line, i) => [
          rule([width + 2, ends[i]], [width + LEADER, labelY[i]], lookOf(line).colour, 1.5),
          text(width + LEADER + 3, labelY[i] + 4, line.name, NAME, INK),
          text(width + LEADER + 3 + textWidth(line.name, NAME) + WORD_GAP, labelY[i] + 4, lastOf(line), VALUE, FAINT),
        ]),
      ],
    },
  );
}

/** A line of one point, which could not be seen otherwise. */
function pointMark({ x, y }: BandPoint, { colour, marker }: Look): Mark {
  return {
    type: "symbol",
    encode: {
      enter: {
        x: { scale: "x", value: x },
        y: { scale: "y", value: y },
        shape: { value: marker },
        size: { value: 50 },
        fill: { value: colour },
      },
    },
  };
}
