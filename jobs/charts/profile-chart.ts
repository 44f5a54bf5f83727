/** Performance profiles as a Vega spec: for each score, the share of an entrant's trials that are above it. */
import type { Mark, Spec } from "vega";
import { FORFEITS_FOOT, forfeitsNote } from "../report/estimates.js";
import type { OverallAgent } from "../report/report-view.js";
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
  symbol,
  text,
} from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";
import type { Look } from "./looks.js";

const PLOT = { width: 460, height: 300 };
const AXIS = { left: 54, bottom: 46 };
const ROW_HEIGHT = 18;
const SAMPLE = 34;
const NAME = { size: 12, bold: true };
const NOTE = { size: 11 };
const LONGEST_NAME = 180;

/** Symbols on a line; those of different lines stand at different heights. */
const MARKERS = 5;

/**
 * The chart, with the entrants' names beside it in the given order.
 *
 * @param entrants with their profiles; a profile's arrays have the length of `tau`
 */
export function profileChart(
  tau: readonly number[],
  entrants: readonly (readonly [Pick<OverallAgent, "name" | "profile" | "forfeits" | "trials">, Look])[],
): Spec {
  const labels = entrants.map(([agent]) => {
    const name = fitText(agent.name, NAME, LONGEST_NAME);
    const note = forfeitsNote(agent) ?? "";
    return { name, note, noteX: textWidth(name, NAME) + 6 };
  });
  const height = Math.max(PLOT.height, entrants.length * ROW_HEIGHT);
  const legend = SAMPLE + 8 + Math.max(0, ...labels.map(({ note, noteX }) => noteX + textWidth(note, NOTE)));
  const left = MARGIN + AXIS.left;
  const lines = entrants.map(([{ profile }, look]) => ({
    look,
    banded: profile.low !== null,
    points: tau.map((x, i): BandPoint => {
      const y = profile.fraction[i];
      return { x, y, low: profile.low?.[i] ?? y, high: profile.high?.[i] ?? y };
    }),
  }));
  const [first, last] = [tau[0] ?? 0, tau[tau.length - 1] ?? 1];
  const pixelX = (x: number) => ((x - first) / (last - first)) * PLOT.width;
  const markers = lines.flatMap(({ look, points }, i) =>
    markedPoints(points, (i + 0.5) / lines.length).map(({ x, y }) =>
      symbol(pixelX(x), height * (1 - y), look.marker, look.colour, 60, labels[i].note !== ""),
    ),
  );
  return footedPage(
    "Performance profiles",
    left + PLOT.width + 24 + legend + MARGIN,
    MARGIN + height + AXIS.bottom + MARGIN / 2,
    [
      plot(
        { x: left, y: MARGIN, width: PLOT.width, height },
        {
          scales: [
            { name: "x", type: "linear", domain: [first, last], range: [0, PLOT.width], nice: false },
            { name: "y", type: "linear", domain: [0, 1], range: [height, 0], nice: false },
          ],
          axes: [
            { scale: "y", orient: "left", title: "share of the trials above the score", ...GRID_LOOK },
            { scale: "x", orient: "bottom", title: "score", ...AXIS_LOOK },
          ],
          marks: [
            clipped(PLOT.width, height, [
              ...lines.flatMap(({ points, banded, look }) => (banded ? [bandMark(points, look.colour, 0.13)] : [])),
              ...lines.map(({ points, look }) => lineMark(points, look.colour, look.dash)),
            ]),
            ...markers,
          ],
        },
      ),
      ...labels.flatMap((label, i) =>
        legendMarks(label, entrants[i][1], left + PLOT.width + 24, MARGIN + 8 + i * ROW_HEIGHT),
      ),
    ],
    `${lines.some(({ banded }) => banded) ? "Bands: pointwise 95 % Wilson intervals" : "No bands: one trial gives none"}${labels.some(({ note }) => note !== "") ? FORFEITS_FOOT : ""}`,
  );
}

/** Where a line first falls to each of some heights, moved by `offset` of their distance: 0 to 1. */
function markedPoints(points: readonly BandPoint[], offset: number): BandPoint[] {
  const heights = Array.from({ length: MARKERS }, (_, k) => (k + offset) / MARKERS);
  return heights.flatMap((height) => points.find(({ y }) => y <= height) ?? []);
}

/** A piece of the line, and whose it is. */
function legendMarks(
  { name, note, noteX }: { readonly name: string; readonly note: string; readonly noteX: number },
  { colour, dash, marker }: Look,
  x: number,
  y: number,
): Mark[] {
  return [
    rule([x, y], [x + SAMPLE, y], colour, 2, dash),
    symbol(x + SAMPLE / 2, y, marker, colour, 60, note !== ""),
    text(x + SAMPLE + 8, y + 4, name, NAME, INK),
    ...(note === "" ? [] : [text(x + SAMPLE + 8 + noteX, y + 4, note, NOTE, FAINT)]),
  ];
}
