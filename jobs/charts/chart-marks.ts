/** Parts of Vega specs that several charts have. Every place is in pixels, computed by whoever draws. */
import type { Mark, Spec } from "vega";
import { FONT_FAMILY, type TextStyle, textWidth } from "./font.js";

/** Colour of what is read first. */
export const INK = "#222222";

/** Colour of what is read second. */
export const FAINT = "#666666";

/** Around every chart, in pixels. */
export const MARGIN = 20;

/** Half width of a 95 % band in standard errors. */
export const Z95 = 1.96;

/** How axes look. */
export const AXIS_LOOK = {
  tickCount: 5,
  gridColor: "#e6e6e6",
  domainColor: "#888888",
  tickColor: "#888888",
  labelColor: INK,
  labelFontSize: 11,
  labelPadding: 5,
  titleColor: INK,
  titleFontSize: 12,
  titleFontWeight: "normal",
  titlePadding: 8,
} as const;

/** An axis whose grid stands for it. */
export const GRID_LOOK = { ...AXIS_LOOK, domain: false, ticks: false, grid: true } as const;

/** A chart of a size, whose marks are where they say. */
export function page(description: string, width: number, height: number, marks: Mark[]): Spec {
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    description,
    background: "white",
    autosize: "none",
    padding: 0,
    width: Math.ceil(width),
    height: Math.ceil(height),
    config: { text: { font: FONT_FAMILY }, axis: { labelFont: FONT_FAMILY, titleFont: FONT_FAMILY } },
    marks,
  };
}

/** How the line below a chart is set, and the pixels that it takes. */
export const FOOT = { style: { size: 11 }, height: 18 };

/** A chart with a line below that says what its intervals are: whoever sees the picture alone is to know. */
export function footedPage(description: string, width: number, height: number, marks: Mark[], foot: string): Spec {
  const wide = Math.max(width, 2 * MARGIN + textWidth(foot, FOOT.style));
  const line = text(MARGIN, height + 4, foot, FOOT.style, FAINT);
  return page(description, wide, height + FOOT.height, [...marks, line]);
}

/** A rectangle in the chart in which scales hold. */
export function plot(
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  content: Pick<Spec, "scales" | "axes" | "marks">,
): Mark {
  return {
    type: "group",
    encode: {
      enter: { x: { value: x }, y: { value: y }, width: { value: width }, height: { value: height } },
    },
    // Axes take the length of their grid from these.
    signals: [
      { name: "width", value: width },
      { name: "height", value: height },
    ],
    ...content,
  };
}

/** Marks of which nothing is drawn outside a rectangle. */
export function clipped(width: number, height: number, marks: Mark[]): Mark {
  return {
    type: "group",
    clip: true,
    encode: { enter: { width: { value: width }, height: { value: height } } },
    marks,
  };
}

/** A text; `y` is its base line. */
export function text(
  x: number,
  y: number,
  content: string,
  style: TextStyle,
  colour: string,
  align: "left" | "center" | "right" = "left",
): Mark {
  return {
    type: "text",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        text: { value: content },
        align: { value: align },
        fontSize: { value: style.size },
        fontWeight: { value: style.bold ? 700 : 400 },
        fill: { value: colour },
      },
    },
  };
}

/** A point's symbol; `size` is Vega's, square pixels. Open ones have the colour at their edge alone. */
export function symbol(x: number, y: number, shape: string, colour: string, size = 50, open = false): Mark {
  return {
    type: "symbol",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        shape: { value: shape },
        size: { value: size },
        fill: { value: open ? "white" : colour },
        ...(open ? { stroke: { value: colour }, strokeWidth: { value: 2 } } : {}),
      },
    },
  };
}

/** A straight line. */
export function rule(
  [x, y]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  colour: string,
  width: number,
  dash: readonly number[] = [],
): Mark {
  return {
    type: "rule",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        x2: { value: x2 },
        y2: { value: y2 },
        stroke: { value: colour },
        strokeWidth: { value: width },
        ...(dash.length > 0 ? { strokeDash: { value: [...dash] } } : {}),
      },
    },
  };
}

/** An X on a line: some of what it shows was not played. */
export function cross(x: number, y: number, colour: string): Mark[] {
  return [rule([x - 4, y - 4], [x + 4, y + 4], colour, 2), rule([x - 4, y + 4], [x + 4, y - 4], colour, 2)];
}

/** A point of a curve on scales `x` and `y`, with its band; where none is known `low` and `high` are `y`. */
export interface BandPoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/** A curve's band. */
export function bandMark(points: readonly BandPoint[], colour: string, opacity = 0.2): Mark {
  return {
    type: "group",
    data: [{ name: "band", values: [...points] }],
    marks: [
      {
        type: "area",
        from: { data: "band" },
        encode: {
          enter: {
            x: { scale: "x", field: "x" },
            y: { scale: "y", field: "low" },
            y2: { scale: "y", field: "high" },
            fill: { value: colour },
            fillOpacity: { value: opacity },
          },
        },
      },
    ],
  };
}

/** A curve. */
export function lineMark(points: readonly BandPoint[], colour: string, dash: readonly number[]): Mark {
  return {
    type: "group",
    data: [{ name: "line", values: [...points] }],
    marks: [
      {
        type: "line",
        from: { data: "line" },
        encode: {
          enter: {
            x: { scale: "x", field: "x" },
            y: { scale: "y", field: "y" },
            stroke: { value: colour },
            strokeWidth: { value: 2 },
            strokeDash: { value: [...dash] },
            strokeJoin: { value: "round" },
          },
        },
      },
    ],
  };
}
