/**
 * The regret curves of a tournament as a Vega spec: a panel per task, in each a line with a 95 % band per agent and its
 * name at the line's end.
 *
 * Every position outside the scales is in pixels computed here, with measured text: Vega itself can only guess at the
 * width of text where there is no canvas.
 */
import type { Mark, Spec } from "vega";
import { shortNumber } from "../report/numbers.js";
import type { ResultsJson } from "../tournament/results.js";
import {
  AXIS_LOOK,
  bandMark,
  clipped,
  cross,
  FAINT,
  GRID_LOOK,
  INK,
  lineMark,
  MARGIN,
  page,
  plot,
  rule,
  symbol,
  text,
} from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";
import { type Look, looksOf } from "./looks.js";
import {
  LEADER,
  LINE_HEIGHT,
  type Line,
  layOutPanel,
  type Panel,
  PLOT_WIDTH,
  panelHeight,
  type Steps,
  TEXT,
  WORD_GAP,
} from "./regret-panel.js";

const AXIS = { left: 54, bottom: 46 };
const TITLE_HEIGHT = 22;
const HEADING = { size: 18, bold: true };
const GAP = { x: 30, y: 26 };

/** What of a tournament's results is drawn, and how. */
export interface RegretChartOptions {
  /** Default: all entrants, by their places in the tournament. Those who are not among them are left out. */
  readonly looks?: ReadonlyMap<string, Look>;
  /** The step axis; default linear. */
  readonly steps?: Steps;
  /** Whether the tournament's name stands above; default true. */
  readonly heading?: boolean;
}

/** The chart of a tournament's results. */
export function regretChart(results: ResultsJson, options: RegretChartOptions = {}): Spec {
  const { looks = looksOf(results.tournament.agents.map(({ name }) => name)), steps = "linear" } = options;
  const height = panelHeight(results.tasks, looks);
  const panels = results.tasks.map((task) => layOutPanel(task, looks, height, steps));
  const columns = columnsFor(panels.length);
  const labelWidth = Math.max(0, ...panels.map((panel) => panel.labelWidth));
  const optionLines = Math.max(0, ...panels.map((panel) => panel.optionLines.length));
  const head = TITLE_HEIGHT + LINE_HEIGHT * optionLines + 10; // title and options above a panel
  const cellWidth = AXIS.left + PLOT_WIDTH + LEADER + labelWidth;
  const cellHeight = head + height + AXIS.bottom;
  const rows = Math.ceil(panels.length / columns);
  const about = caption(results, panels);
  const width = Math.max(
    columns * cellWidth + (columns - 1) * GAP.x,
    ...about.map((line) => textWidth(line, TEXT.value)),
  );
  const heading = options.heading === false ? [] : [fitText(results.tournament.name, HEADING, width)];
  const top = MARGIN + 17 + 16 * about.length + 19 * heading.length;
  return page(
    `Cumulative regret by step: ${results.tournament.name}`,
    2 * MARGIN + width,
    top + rows * cellHeight + (rows - 1) * GAP.y + MARGIN,
    [
      ...heading.map((name) => text(MARGIN, MARGIN + 16, name, HEADING, INK)),
      ...about.map((line, i) => text(MARGIN, top - 17 - 16 * (about.length - 1 - i), line, TEXT.value, FAINT)),
      ...panels.map((panel, i) =>
        panelMark(
          panel,
          head,
          MARGIN + AXIS.left + (i % columns) * (cellWidth + GAP.x),
          top + head + Math.floor(i / columns) * (cellHeight + GAP.y),
        ),
      ),
    ],
  );
}

/** At most three panels side by side, no row with a single orphan where it can be helped. */
function columnsFor(panels: number): number {
  if (panels <= 3) return Math.max(1, panels);
  return panels === 4 ? 2 : 3;
}

/** What the lines and bands are, in lines of text. */
function caption({ tournament: { trials, seed } }: ResultsJson, panels: readonly Panel[]): string[] {
  const forfeited = panels.some(({ lines }) => lines.some(({ crosses }) => crosses.length > 0));
  return [
    trials === 1
      ? `One trial, seed ${seed}`
      : `Mean of ${shortNumber(trials)} trials with 95 % band (± 1.96 standard errors), seed ${seed}`,
    ...(forfeited ? ["Crosses: forfeited trials are in the line, each as uniform play's exact regret"] : []),
  ];
}

function panelMark(panel: Panel, head: number, x: number, y: number): Mark {
  const { height, steps } = panel;
  return plot(
    { x, y, width: PLOT_WIDTH, height },
    {
      scales: [
        { name: "x", type: steps.scale, domain: [steps.first, steps.last], range: [0, PLOT_WIDTH], nice: false },
        { name: "y", type: "linear", domain: [0, panel.limit], range: [height, 0], nice: false },
      ],
      axes: [
        { scale: "y", orient: "left", title: "cumulative regret", ...GRID_LOOK },
        {
          scale: "x",
          orient: "bottom",
          title: `step within the trial${steps.scale === "log" ? ", log scale" : ""}`,
          ...AXIS_LOOK,
          ...(steps.ticks === undefined ? {} : { values: [...steps.ticks], format: "," }),
        },
      ],
      marks: [
        text(0, TITLE_HEIGHT - 8 - head, panel.id, TEXT.title, INK),
        ...panel.optionLines.map((line, i) =>
          text(0, TITLE_HEIGHT + 8 + LINE_HEIGHT * i - head, line, TEXT.options, FAINT),
        ),
        clipped(PLOT_WIDTH, height, [
          ...panel.lines.flatMap(({ points, banded, look }) => (banded ? [bandMark(points, look.colour)] : [])),
          ...panel.lines.map(({ points, look }) => lineMark(points, look.colour, look.dash)),
          ...panel.lines.flatMap(({ crosses, look }) => crosses.flatMap(({ x, y }) => cross(x, y, look.colour))),
        ]),
        ...panel.lines.flatMap(labelMarks),
      ],
    },
  );
}

/**
 * A label in the column, led to from the line's end; or marked, like the place where its line leaves, by a triangle.
 */
function labelMarks({ name, value, labelY, end, look: { colour }, leaves }: Line): Mark[] {
  const x = PLOT_WIDTH + LEADER + 3;
  return [
    ...(leaves
      ? [symbol(end.x, -3, "triangle-up", colour), symbol(PLOT_WIDTH + LEADER / 2 + 1, labelY, "triangle-up", colour)]
      : [rule([end.x + 2, end.y], [PLOT_WIDTH + LEADER, labelY], colour, 1.5)]),
    text(x, labelY + 4, name, TEXT.name, INK),
    text(x + textWidth(name, TEXT.name) + WORD_GAP, labelY + 4, value, TEXT.value, FAINT),
  ];
}
