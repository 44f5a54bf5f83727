/**
 * The regret curves of a tournament as a Vega spec: a panel per task, in each a line with a 95 % band per agent and its
 * name at the line's end.
 *
 * Every position outside the scales is in pixels computed here, with measured text: Vega itself can only guess at the
 * width of text where there is no canvas.
 */
import type { Mark, Spec } from "vega";
import type { ResultsJson } from "../results.js";
import { FONT_FAMILY, fitText, type TextStyle, textWidth } from "./font.js";
import { shortNumber } from "./numbers.js";
import { LEADER, LINE_HEIGHT, type Line, layOutPanel, type Panel, PLOT, TEXT, WORD_GAP } from "./regret-panel.js";

const INK = "#222222";
const FAINT = "#666666";
const AXIS = { left: 54, bottom: 46 };
const TITLE_HEIGHT = 22;
const HEADING = { size: 18, bold: true };
const PAGE = { margin: 20, header: 52, gapX: 30, gapY: 26 };

/** The chart of a tournament's results. */
export function regretChart(results: ResultsJson): Spec {
  const place = new Map(results.tournament.agents.map(({ name }, i) => [name, i]));
  const panels = results.tasks.map((task) => layOutPanel(task, (name) => place.get(name) ?? 0));
  const columns = columnsFor(panels.length);
  const labelWidth = Math.max(0, ...panels.map((panel) => panel.labelWidth));
  const optionLines = Math.max(0, ...panels.map((panel) => panel.optionLines.length));
  const head = TITLE_HEIGHT + LINE_HEIGHT * optionLines + 10; // title and options above a panel
  const cellWidth = AXIS.left + PLOT.width + LEADER + labelWidth;
  const cellHeight = head + PLOT.height + AXIS.bottom;
  const rows = Math.ceil(panels.length / columns);
  const about = caption(results);
  const width = Math.max(columns * cellWidth + (columns - 1) * PAGE.gapX, textWidth(about, TEXT.value));
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    description: `Cumulative regret by step: ${results.tournament.name}`,
    background: "white",
    autosize: "none",
    padding: 0,
    width: Math.ceil(2 * PAGE.margin + width),
    height: Math.ceil(2 * PAGE.margin + PAGE.header + rows * cellHeight + (rows - 1) * PAGE.gapY),
    config: { text: { font: FONT_FAMILY }, axis: { labelFont: FONT_FAMILY, titleFont: FONT_FAMILY } },
    marks: [
      text(PAGE.margin, PAGE.margin + 16, fitText(results.tournament.name, HEADING, width), HEADING, INK),
      text(PAGE.margin, PAGE.margin + 35, about, TEXT.value, FAINT),
      ...panels.map((panel, i) =>
        panelMark(
          panel,
          head,
          PAGE.margin + AXIS.left + (i % columns) * (cellWidth + PAGE.gapX),
          PAGE.margin + PAGE.header + head + Math.floor(i / columns) * (cellHeight + PAGE.gapY),
        ),
      ),
    ],
  };
}

/** At most three panels side by side, no row with a single orphan where it can be helped. */
function columnsFor(panels: number): number {
  if (panels <= 3) return Math.max(1, panels);
  return panels === 4 ? 2 : 3;
}

function caption({ tournament: { trials, seed } }: ResultsJson): string {
  if (trials === 1) return `One trial, seed ${seed}`;
  return `Mean of ${shortNumber(trials)} trials with 95 % band (± 1.96 standard errors), seed ${seed}`;
}

function panelMark(panel: Panel, head: number, x: number, y: number): Mark {
  return {
    type: "group",
    encode: {
      enter: { x: { value: x }, y: { value: y }, width: { value: PLOT.width }, height: { value: PLOT.height } },
    },
    // Axes take the length of their grid from these.
    signals: [
      { name: "width", value: PLOT.width },
      { name: "height", value: PLOT.height },
    ],
    scales: [
      { name: "x", type: "linear", domain: [0, panel.lastStep], range: [0, PLOT.width], nice: false },
      { name: "y", type: "linear", domain: [0, panel.limit], range: [PLOT.height, 0], nice: false },
    ],
    axes: [
      { scale: "y", orient: "left", title: "cumulative regret", ...axisLook, domain: false, ticks: false, grid: true },
      {
        scale: "x",
        orient: "bottom",
        title: "step within the trial",
        ...axisLook,
        domainColor: "#888888",
        tickColor: "#888888",
      },
    ],
    marks: [
      text(0, TITLE_HEIGHT - 8 - head, panel.id, TEXT.title, INK),
      ...panel.optionLines.map((line, i) =>
        text(0, TITLE_HEIGHT + 8 + LINE_HEIGHT * i - head, line, TEXT.options, FAINT),
      ),
      {
        type: "group",
        clip: true,
        encode: { enter: { width: { value: PLOT.width }, height: { value: PLOT.height } } },
        marks: [...panel.lines.map(bandMark), ...panel.lines.map(lineMark)],
      },
      ...panel.lines.flatMap(labelMarks),
    ],
  };
}

const axisLook = {
  tickCount: 5,
  gridColor: "#e6e6e6",
  labelColor: INK,
  labelFontSize: 11,
  labelPadding: 5,
  titleColor: INK,
  titleFontSize: 12,
  titleFontWeight: "normal",
  titlePadding: 8,
} as const;

function bandMark({ points, colour }: Line): Mark {
  return {
    type: "group",
    data: [{ name: "band", values: [...points] }],
    marks: [
      {
        type: "area",
        from: { data: "band" },
        encode: {
          enter: {
            x: { scale: "x", field: "step" },
            y: { scale: "y", field: "low" },
            y2: { scale: "y", field: "high" },
            fill: { value: colour },
            fillOpacity: { value: 0.2 },
          },
        },
      },
    ],
  };
}

function lineMark({ points, colour, dash }: Line): Mark {
  return {
    type: "group",
    data: [{ name: "line", values: [...points] }],
    marks: [
      {
        type: "line",
        from: { data: "line" },
        encode: {
          enter: {
            x: { scale: "x", field: "step" },
            y: { scale: "y", field: "mean" },
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

/**
 * A label in the column, led to from the line's end; or marked, like the place where its line leaves, by a triangle.
 */
function labelMarks({ name, value, labelY, end, colour, leaves }: Line): Mark[] {
  const x = PLOT.width + LEADER + 3;
  return [
    ...(leaves
      ? [triangle(end.x, -3, colour), triangle(PLOT.width + LEADER / 2 + 1, labelY, colour)]
      : [leader(end.x + 2, end.y, PLOT.width + LEADER, labelY, colour)]),
    text(x, labelY + 4, name, TEXT.name, INK),
    text(x + textWidth(name, TEXT.name) + WORD_GAP, labelY + 4, value, TEXT.value, FAINT),
  ];
}

function triangle(x: number, y: number, colour: string): Mark {
  return {
    type: "symbol",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        shape: { value: "triangle-up" },
        size: { value: 50 },
        fill: { value: colour },
      },
    },
  };
}

function leader(x: number, y: number, x2: number, y2: number, colour: string): Mark {
  return {
    type: "rule",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        x2: { value: x2 },
        y2: { value: y2 },
        stroke: { value: colour },
        strokeWidth: { value: 1.5 },
      },
    },
  };
}

function text(x: number, y: number, content: string, style: TextStyle, colour: string): Mark {
  return {
    type: "text",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        text: { value: content },
        fontSize: { value: style.size },
        fontWeight: { value: style.bold ? 700 : 400 },
        fill: { value: colour },
      },
    },
  };
}
