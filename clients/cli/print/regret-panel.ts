/**
 * What is drawn in one panel of the regret chart, in pixels where it is not on a scale: lines, their ends, their
 * labels.
 */
import type { AgentJson, TaskJson } from "../results.js";
import { fitText, textWidth } from "./font.js";
import { shortNumber } from "./numbers.js";
import { spreadLabels } from "./spread-labels.js";

/** The rectangle between the axes, in pixels. */
export const PLOT = { width: 320, height: 230 };

/** From a line's end to its label. */
export const LEADER = 14;

/** From one line of small text to the next. */
export const LINE_HEIGHT = 14;

/** Between a label's name and its value. */
export const WORD_GAP = 5;

/** How text is set. */
export const TEXT = {
  title: { size: 14, bold: true },
  options: { size: 11 },
  name: { size: 12, bold: true },
  value: { size: 12 },
};

/** Most pixels of a name in a label. */
const LONGEST_NAME = 200;

/**
 * Colours that colour-blind readers can tell apart, without the yellow that vanishes on white. Source: Okabe & Ito
 * (2008).
 */
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/** Dashes for the second, third, ... round of the colours. */
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** Where every second agent or more ends below this share of the height, the axis may be cut. */
const SQUASHED = 0.3;

/** It is cut where that gives the others at least so many times the room. */
const WORTH_CUTTING = 2;

/** Half width of a 95 % band in standard errors. */
const Z95 = 1.96;

/** A point of a curve with its band. */
export interface Point {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** An agent's curve and its label. */
export interface Line {
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

/** One task's panel. */
export interface Panel {
  readonly id: string;
  /** The task's family and options, for under the title. */
  readonly optionLines: readonly string[];
  /** In the order of the results. */
  readonly lines: readonly Line[];
  /** Upper end of the step axis. */
  readonly lastStep: number;
  /** Upper end of the regret axis. */
  readonly limit: number;
  /** Width of the widest label. */
  readonly labelWidth: number;
}

/**
 * Lays out a task's panel.
 *
 * @param place of an agent in the tournament, which gives it its colour in every panel
 */
export function layOutPanel(task: TaskJson, place: (name: string) => number): Panel {
  const curves = task.agents
    .filter(({ curve }) => curve.step.length > 0)
    .map((agent) => ({ agent, points: points(agent) }));
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
      name: fitText(agent.name, TEXT.name, LONGEST_NAME),
      value: `${leaves ? "reaches " : ""}${shortNumber(finals[i])}`,
      labelY: labelY[i],
      leaves,
      end: leaves ? { x: pixelX(crossing(points, limit)), y: 0 } : { x: PLOT.width, y: pixelY(finals[i]) },
    };
  });
  const labelWidth = Math.max(
    0,
    ...lines.map(({ name, value }) => textWidth(name, TEXT.name) + WORD_GAP + textWidth(value, TEXT.value)),
  );
  const described = Object.entries(task.options).map(([name, value]) => `${name} ${optionText(value)}`);
  const optionLines = wrap(
    task.task === task.id ? described : [task.task, ...described],
    PLOT.width + LEADER + labelWidth,
  );
  return {
    id: fitText(task.id, TEXT.title, PLOT.width + LEADER + labelWidth),
    optionLines,
    lines,
    lastStep,
    limit,
    labelWidth,
  };
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
 * Upper end of the regret axis. Agents that learn nothing would squash all others into the lowest strip; where half of
 * the agents would end below `SQUASHED` of the height, the axis ends just above the highest agent that leaves them
 * room, if that is worth its while.
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
    if (lines.length > 0 && textWidth(joined, TEXT.options) <= width) lines[lines.length - 1] = joined;
    else if (lines.length < 2) lines.push(text);
    else {
      lines[1] = `${lines[1]} …`;
      break;
    }
  }
  return lines;
}
