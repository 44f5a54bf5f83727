/** Distances of a model's choices from an expert's, by step, as a Vega spec: a row for each task, a panel for each kind of histories. */
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

/** A distance by step, with the ends of its intervals; they are the value itself where none is known. */
export interface DistanceLine {
  readonly name: string;
  readonly points: readonly BandPoint[];
}

/** Distances on one kind of histories. */
export interface DistancePanel {
  readonly title: string;
  readonly lines: readonly DistanceLine[];
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

/**
 * The chart. Panels of a row have one axis, so that they can be compared.
 *
 * @param rows of panels, each with the same lines
 */
export function distanceChart(rows: readonly (readonly DistancePanel[])[]): Spec {
  const looks = looksOf(rows[0][0].lines.map(({ name }) => name));
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
    "Distance of the model's choices from the expert's, by step",
    2 * MARGIN + columns * cell.width + (columns - 1) * GAP.x,
    MARGIN + rows.length * cell.height + (rows.length - 1) * GAP.y + MARGIN / 2,
    rows.flatMap((row, r) => {
      const limit =
        1.05 * Math.max(...row.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(({ y }) => y))));
      return row.map((panel, c) =>
        panelMark(panel, looks, limit > 0 ? limit : 1, {
          x: MARGIN + AXIS.left + c * (cell.width + GAP.x),
          y: MARGIN + HEAD + r * (cell.height + GAP.y),
        }),
      );
    }),
    "Means over trials; bands: ± 1.96 standard errors",
  );
}

const lastOf = ({ points }: DistanceLine): string => shortNumber(points[points.length - 1].y);

function panelMark(
  { title, lines }: DistancePanel,
  looks: ReadonlyMap<string, Look>,
  limit: number,
  at: { readonly x: number; readonly y: number },
): Mark {
  const { width, height } = PLOT;
  const steps = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const pixelY = (y: number) => height * (1 - Math.min(y, limit) / limit);
  const ends = lines.map(({ points }) => pixelY(points[points.length - 1].y));
  const labelY = spreadLabels(ends, LINE_HEIGHT, LINE_HEIGHT / 2, height - LINE_HEIGHT / 2);
  const lookOf = ({ name }: DistanceLine) => looks.get(name) as Look;
  return plot(
    { ...at, ...PLOT },
    {
      scales: [
        { name: "x", type: "linear", domain: [first, Math.max(last, first + 1)], range: [0, width], nice: false },
        { name: "y", type: "linear", domain: [0, limit], range: [height, 0], nice: false },
      ],
      axes: [
        { scale: "y", orient: "left", title: "distance", ...GRID_LOOK },
        { scale: "x", orient: "bottom", title: "step within the trial", ...AXIS_LOOK },
      ],
      marks: [
        text(0, -12, fitText(title, TITLE, width), TITLE, INK),
        clipped(width, height, [
          ...lines.map((line) => bandMark(line.points, lookOf(line).colour, 0.15)),
          ...lines.map((line) => lineMark(line.points, lookOf(line).colour, lookOf(line).dash)),
        ]),
        ...lines.flatMap((line, i) => [
          rule([width + 2, ends[i]], [width + LEADER, labelY[i]], lookOf(line).colour, 1.5),
          text(width + LEADER + 3, labelY[i] + 4, line.name, NAME, INK),
          text(width + LEADER + 3 + textWidth(line.name, NAME) + WORD_GAP, labelY[i] + 4, lastOf(line), VALUE, FAINT),
        ]),
      ],
    },
  );
}
