/**
 * The regret curves of a tournament as a Vega spec: a panel per task, in each a line with a 95 % band per agent and its name
 * at the line's end.
 *
 * Every position outside the scales is in pixels computed here, with measured text: Vega itself can only guess at the width of
 * text where there is no canvas.
 */
import type { Mark, Spec } from "vega";
import type { AgentJson, ResultsJson, TaskJson } from "../results.js";
import { FONT_FAMILY, fitText, type TextStyle, textWidth } from "./font.js";
import { shortNumber } from "./numbers.js";
import { spreadLabels } from "./spread-labels.js";

/** Colours that colour-blind readers can tell apart, without the yellow that vanishes on white. Source: Okabe & Ito (2008). */
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/** Dashes for the second, third, ... round of the colours. */
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

const INK = "#222222";
const FAINT = "#666666";
const PLOT = { width: 320, height: 230 };
const AXIS = { left: 54, bottom: 46 };
const LEADER = 14; // from a line's end to its label
const WORD_GAP = 5;
const LONGEST_NAME = 200;
const LINE_HEIGHT = 14;
const TITLE_HEIGHT = 22;
const HEADING = { size: 18, bold: true };
const TITLE = { size: 14, bold: true };
const SMALL = { size: 11 };
const LABEL = { size: 12 };
const NAME = { size: 12, bold: true };
const PAGE = { margin: 20, header: 52, gapX: 30, gapY: 26 };

/** Where every second agent or more ends below this share of the height, the axis may be cut. */
const SQUASHED = 0.3;

/** It is cut where that gives the others at least so many times the room. */
const WORTH_CUTTING = 2;

/** Half width of a 95 % band in standard errors. */
const Z95 = 1.96;

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
  const width = Math.max(columns * cellWidth + (columns - 1) * PAGE.gapX, textWidth(about, LABEL));
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
      text(PAGE.margin, PAGE.margin + 35, about, LABEL, FAINT),
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

interface Point {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

interface Line {
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dash: readonly number[];
  readonly name: string;
  /** Final mean, as text. */
  readonly value: string;
  /** Pixels from the plot's top to the label's middle. */
  readonly labelY: number;
  /** Whether the line leaves the plot at the top. */
  readonly leaves: boolean;
  /** Pixels in the plot, where the line ends: at the right edge, or where it leaves. */
  readonly end: { readonly x: number; readonly y: number };
}

interface Panel {
  readonly id: string;
  readonly optionLines: readonly string[];
  readonly lines: readonly Line[];
  readonly lastStep: number;
  readonly limit: number;
  readonly labelWidth: number;
}

function layOutPanel(task: TaskJson, place: (name: string) => number): Panel {
  const curves = task.agents.filter(({ curve }) => curve.step.length > 0).map((agent) => ({ agent, points: points(agent) }));
  const lastStep = Math.max(1, ...curves.map(({ points }) => points[points.length - 1].step));
  const limit = upperLimit(curves.map(({ points }) => Math.max(...points.map((point) => point.high))));
  const pixelX = (step: number) => (step / lastStep) * PLOT.width;
  const pixelY = (regret: number) => PLOT.height * (1 - regret / limit);

  // A line that leaves the plot at the top has its label in the column's upper corner, the steepest first.
  const finals = curves.map(({ points }) => points[points.length - 1].mean);
  const labelY = spreadLabels(finals.map(pixelY), LINE_HEIGHT + 1, LINE_HEIGHT / 2, PLOT.height - LINE_HEIGHT / 2);
  const lines = curves.map(({ agent, points }, i): Line => {
    const leaves = finals[i] > limit;
    return {
      points,
      colour: colour(place(agent.name)),
      dash: dash(place(agent.name)),
      name: fitText(agent.name, NAME, LONGEST_NAME),
      value: `${leaves ? "reaches " : ""}${shortNumber(finals[i])}`,
      labelY: labelY[i],
      leaves,
      end: leaves ? { x: pixelX(crossing(points, limit)), y: 0 } : { x: PLOT.width, y: pixelY(finals[i]) },
    };
  });
  const labelWidth = Math.max(0, ...lines.map(({ name, value }) => textWidth(name, NAME) + WORD_GAP + textWidth(value, LABEL)));
  const described = Object.entries(task.options).map(([name, value]) => `${name} ${optionText(value)}`);
  const optionLines = wrap(
    task.task === task.id ? described : [task.task, ...described],
    PLOT.width + LEADER + labelWidth,
  );
  return { id: fitText(task.id, TITLE, PLOT.width + LEADER + labelWidth), optionLines, lines, lastStep, limit, labelWidth };
}

/** The curve from (0, 0), thinned to what a plot can show. */
function points({ curve }: AgentJson): Point[] {
  const stride = Math.ceil(curve.step.length / PLOT.width);
  const points: Point[] = [{ step: 0, mean: 0, low: 0, high: 0 }];
  curve.step.forEach((step, i) => {
    if ((curve.step.length - 1 - i) % stride !== 0) return;
    const mean = curve.mean[i];
    points.push({ step, mean, low: Math.max(0, mean - Z95 * curve.se[i]), high: mean + Z95 * curve.se[i] });
  });
  return points;
}

/**
 * Upper end of the regret axis. Agents that learn nothing would squash all others into the lowest strip; where half of the
 * agents would end below `SQUASHED` of the height, the axis ends just above the highest agent that leaves them room, if that
 * is worth its while.
 */
function upperLimit(highest: readonly number[]): number {
  const ascending = [...highest].sort((a, b) => a - b);
  const top = ascending.at(-1) ?? 0;
  if (top <= 0) return 1;
  const median = ascending[Math.ceil(ascending.length / 2) - 1];
  const roomy = median / SQUASHED;
  const cut = 1.12 * Math.max(...ascending.filter((value) => value <= roomy));
  return median > 0 && top >= WORTH_CUTTING * cut ? cut : 1.03 * top;
}

/** Step at which the mean first reaches the limit, between points by a straight line. */
function crossing(points: readonly Point[], limit: number): number {
  const i = points.findIndex((point) => point.mean > limit);
  const [before, after] = [points[i - 1], points[i]];
  return before.step + ((limit - before.mean) / (after.mean - before.mean)) * (after.step - before.step);
}

const colour = (place: number) => COLOURS[place % COLOURS.length];
const dash = (place: number) => DASHES[Math.floor(place / COLOURS.length) % DASHES.length];
const optionText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Parts joined by commas in at most two lines; what does not fit gives way to an ellipsis. */
function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, part] of parts.entries()) {
    const text = i < parts.length - 1 ? `${part},` : part;
    const joined = lines.length > 0 ? `${lines[lines.length - 1]} ${text}` : text;
    if (lines.length > 0 && textWidth(joined, SMALL) <= width) lines[lines.length - 1] = joined;
    else if (lines.length < 2) lines.push(text);
    else {
      lines[1] = `${lines[1]} …`;
      break;
    }
  }
  return lines;
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
      { scale: "x", orient: "bottom", title: "step within the trial", ...axisLook, domainColor: "#888888", tickColor: "#888888" },
    ],
    marks: [
      text(0, TITLE_HEIGHT - 8 - head, panel.id, TITLE, INK),
      ...panel.optionLines.map((line, i) => text(0, TITLE_HEIGHT + 8 + LINE_HEIGHT * i - head, line, SMALL, FAINT)),
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

/** A label in the column, led to from the line's end; or marked, like the place where its line leaves, by a triangle. */
function labelMarks({ name, value, labelY, end, colour, leaves }: Line): Mark[] {
  const x = PLOT.width + LEADER + 3;
  return [
    ...(leaves
      ? [triangle(end.x, -3, colour), triangle(PLOT.width + LEADER / 2 + 1, labelY, colour)]
      : [leader(end.x + 2, end.y, PLOT.width + LEADER, labelY, colour)]),
    text(x, labelY + 4, name, NAME, INK),
    text(x + textWidth(name, NAME) + WORD_GAP, labelY + 4, value, LABEL, FAINT),
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
