/**
 * What is drawn in one panel of the regret chart, in pixels where it is not on a scale: lines, their ends, their
 * labels.
 */

import { forfeitsNote } from "../report/estimates.js";
import { shortNumber } from "../report/numbers.js";
import type { AgentJson, CurveJson, TaskJson } from "../tournament/results.js";
import { type BandPoint, Z95 } from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";
import type { Look } from "./looks.js";
import { spreadLabels } from "./spread-labels.js";

/** Between the axes, in pixels. */
export const PLOT_WIDTH = 320;

/** Height of a panel with few lines, in pixels. */
const LEAST_HEIGHT = 230;

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

/** Points of a panel's lines together: where many lines are drawn, each has fewer. */
const MOST_POINTS = 1600;

/** Points of a line at log-spaced steps. */
const LOG_POINTS = 60;

/** Where every second agent or more ends below this share of the height, the axis may be cut. */
const SQUASHED = 0.3;

/** It is cut where that gives the others at least so many times the room. */
const WORTH_CUTTING = 2;

/** Crosses on a line with forfeited trials. */
const CROSSES = 6;

/** How steps are spaced on their axis. */
export type Steps = "linear" | "log";

/** An agent's curve and its label. */
export interface Line {
  /** By step. */
  readonly points: readonly BandPoint[];
  /** Whether the points have a band: one trial has none. */
  readonly banded: boolean;
  /** Pixels in the plot, where crosses say that forfeited trials are in the line. */
  readonly crosses: readonly { readonly x: number; readonly y: number }[];
  readonly look: Look;
  readonly name: string;
  /** Final mean, as text, and how many of its trials were forfeited. */
  readonly value: string;
  /** Pixels from the plot's top to the label's middle. */
  readonly labelY: number;
  /** Whether the line leaves the plot at the top. */
  readonly leaves: boolean;
  /** Pixels in the plot, where the line ends: at the right edge, or where it leaves. */
  readonly end: { readonly x: number; readonly y: number };
}

/** The step axis. */
interface StepAxis {
  readonly scale: Steps;
  readonly first: number;
  readonly last: number;
  /** Where ticks stand; undefined where Vega places them. */
  readonly ticks?: readonly number[];
}

/** One task's panel. */
export interface Panel {
  readonly id: string;
  /** The task's family and options, for under the title. */
  readonly optionLines: readonly string[];
  /** In the order of the results. */
  readonly lines: readonly Line[];
  readonly steps: StepAxis;
  /** Upper end of the regret axis. */
  readonly limit: number;
  /** Pixels between the axes. */
  readonly height: number;
  /** Width of the widest label. */
  readonly labelWidth: number;
}

/** Pixels between the axes of panels whose labels all find room. */
export function panelHeight(tasks: readonly TaskJson[], looks: ReadonlyMap<string, Look>): number {
  const most = Math.max(0, ...tasks.map((task) => drawn(task, looks).length));
  return Math.max(LEAST_HEIGHT, most * (LINE_HEIGHT + 1));
}

const drawn = (task: TaskJson, looks: ReadonlyMap<string, Look>) =>
  task.agents.filter(({ name, curve }) => looks.has(name) && curve.step.length > 0);

/**
 * Lays out a task's panel.
 *
 * @param looks of the entrants that are drawn
 */
export function layOutPanel(
  task: TaskJson,
  looks: ReadonlyMap<string, Look>,
  height: number,
  scale: Steps = "linear",
): Panel {
  const agents = drawn(task, looks);
  const most = Math.min(PLOT_WIDTH, Math.floor(MOST_POINTS / Math.max(1, agents.length)));
  const curves = agents.map((agent) => ({
    agent,
    points: scale === "log" ? logSpacedPoints(agent) : points(agent, most),
  }));
  const steps = stepAxis(
    agents.map(({ curve }) => curve),
    scale,
  );
  const limit = upperLimit(curves.map(({ points }) => Math.max(...points.map((point) => point.high))));
  const pixelX = (step: number) =>
    scale === "log"
      ? (Math.log(step / steps.first) / Math.log(steps.last / steps.first)) * PLOT_WIDTH
      : (step / steps.last) * PLOT_WIDTH;
  const pixelY = (regret: number) => height * (1 - regret / limit);

  // A line that leaves the plot at the top has its label in the column's upper corner, the steepest first.
  const finals = curves.map(({ points }) => points[points.length - 1].y);
  const labelY = spreadLabels(finals.map(pixelY), LINE_HEIGHT + 1, LINE_HEIGHT / 2, height - LINE_HEIGHT / 2);
  const lines = curves.map(({ agent, points }, i): Line => {
    const leaves = finals[i] > limit;
    const note = forfeitsNote(agent);
    const end = leaves ? { x: pixelX(crossing(points, limit)), y: 0 } : { x: PLOT_WIDTH, y: pixelY(finals[i]) };
    const crossed = note === undefined ? [] : evenly(points, (point) => pixelX(point.x), end.x, CROSSES);
    return {
      points,
      banded: agent.curve.se.every((se) => se !== null),
      crosses: crossed.filter(({ y }) => y <= limit).map(({ x, y }) => ({ x: pixelX(x), y: pixelY(y) })),
      look: looks.get(agent.name) as Look,
      name: fitText(agent.name, TEXT.name, LONGEST_NAME),
      value: `${leaves ? "reaches " : ""}${shortNumber(finals[i])}${note === undefined ? "" : ` (${note})`}`,
      labelY: labelY[i],
      leaves,
      end,
    };
  });
  const labelWidth = Math.max(
    0,
    ...lines.map(({ name, value }) => textWidth(name, TEXT.name) + WORD_GAP + textWidth(value, TEXT.value)),
  );
  const described = Object.entries(task.options).map(([name, value]) => `${name} ${optionText(value)}`);
  const optionLines = wrap(
    task.task === task.id ? described : [task.task, ...described],
    PLOT_WIDTH + LEADER + labelWidth,
  );
  return {
    id: fitText(task.id, TEXT.title, PLOT_WIDTH + LEADER + labelWidth),
    optionLines,
    lines,
    steps,
    limit,
    height,
    labelWidth,
  };
}

/** So many of the points, about as far from one another in pixels and from the ends of what is seen of the line. */
function evenly(
  points: readonly BandPoint[],
  pixelX: (point: BandPoint) => number,
  endX: number,
  count: number,
): BandPoint[] {
  return Array.from({ length: count }, (_, k) => ((k + 0.5) / count) * endX).flatMap(
    (wanted) => points.find((point) => pixelX(point) >= wanted) ?? [],
  );
}

/** The curve from (0, 0), thinned to so many points and the last one. */
function points({ curve }: AgentJson, most: number): BandPoint[] {
  const stride = Math.ceil(curve.step.length / most);
  const kept = curve.step.flatMap((_, i) => ((curve.step.length - 1 - i) % stride === 0 ? [bandPoint(curve, i)] : []));
  return [{ x: 0, y: 0, low: 0, high: 0 }, ...kept];
}

/** The curve at its first step, its last, and steps between them whose ratios are as equal as can be. */
function logSpacedPoints({ curve }: AgentJson): BandPoint[] {
  const [first, last] = [curve.step[0], curve.step[curve.step.length - 1]];
  const kept: BandPoint[] = [];
  let wanted = 0;
  curve.step.forEach((step, i) => {
    if (step < first * (last / first) ** (wanted / (LOG_POINTS - 1)) * (1 - 1e-12)) return;
    kept.push(bandPoint(curve, i));
    while (wanted < LOG_POINTS && first * (last / first) ** (wanted / (LOG_POINTS - 1)) <= step) wanted += 1;
  });
  return kept;
}

function bandPoint({ step, mean, se }: CurveJson, i: number): BandPoint {
  const reach = Z95 * (se[i] ?? 0);
  return { x: step[i], y: mean[i], low: Math.min(mean[i], Math.max(0, mean[i] - reach)), high: mean[i] + reach };
}

function stepAxis(curves: readonly CurveJson[], scale: Steps): StepAxis {
  const last = Math.max(1, ...curves.map(({ step }) => step[step.length - 1]));
  if (scale === "linear") return { scale, first: 0, last };
  const first = Math.min(last / 2, ...curves.map(({ step }) => step[0])); // one step alone has an axis too
  const factors = last / first < 300 ? [1, 2, 5] : [1];
  const ticks = Array.from({ length: 16 }, (_, k) => factors.map((factor) => factor * 10 ** k))
    .flat()
    .filter((tick) => tick >= first && tick <= last);
  return { scale, first, last, ticks };
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
function crossing(points: readonly BandPoint[], limit: number): number {
  const i = points.findIndex((point) => point.y > limit);
  if (i === 0) return points[0].x; // at log-spaced steps: it begins above
  const [before, after] = [points[i - 1], points[i]];
  return before.x + ((limit - before.y) / (after.y - before.y)) * (after.x - before.x);
}

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
