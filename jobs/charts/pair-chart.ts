/** How likely a trial of one entrant is better than one of another, as a matrix: a Vega spec. */
import type { Mark, Spec } from "vega";
import type { PairStatistics } from "../../statistics/tournament-statistics.js";
import { forfeitsNote } from "../report/estimates.js";
import type { OverallAgent } from "../report/report-view.js";
import { FAINT, footedPage, INK, MARGIN, text } from "./chart-marks.js";
import { fitText, textWidth } from "./font.js";

const CELL = { width: 42, height: 24 };
const HEAD = 24;
const NAME = { size: 12, bold: true };
const NOTE = { size: 11 };
const LONGEST_NAME = 200;
const NOT_PLAYED = "#eeeeee";

/** Ends of the scale, light enough for black figures on them. */
const [WORSE, BETTER] = [
  [240, 170, 90],
  [110, 175, 225],
];

/** A row's entrant against a column's. */
interface Cell {
  readonly probability: number;
  /** Whether the interval excludes 1/2. */
  readonly decided: boolean;
}

/**
 * The matrix: rows and columns in the order of `agents`, under letters, which nobody takes for ranks. Where the interval holds 1/2, or there is
 * none, the cell is white and its figure faint.
 */
export function pairChart(
  agents: readonly Pick<OverallAgent, "name" | "forfeits" | "trials">[],
  pairs: readonly PairStatistics[],
): Spec {
  const cells = cellsOf(pairs);
  const names = agents.map(({ name }) => name);
  const labels = agents.map((agent, i) => {
    const label = fitText(`${letter(i)}  ${agent.name}`, NAME, LONGEST_NAME);
    const note = forfeitsNote(agent);
    const besides = note === undefined ? 0 : textWidth(note, NOTE) + 6;
    return { label, note, besides, width: textWidth(label, NAME) + besides };
  });
  const left = MARGIN + Math.max(0, ...labels.map(({ width }) => width)) + 12;
  const top = MARGIN + HEAD;
  const x = (column: number) => left + column * CELL.width;
  const y = (row: number) => top + row * CELL.height;
  return footedPage(
    "Probability that a trial of the row's entrant is better than one of the column's",
    left + Math.max(1, names.length) * CELL.width + MARGIN,
    top + names.length * CELL.height + MARGIN,
    [
      ...labels.flatMap(({ label, note, besides }, i) => [
        text(left - 12 - besides, y(i) + 16, label, NAME, INK, "right"),
        ...(note === undefined ? [] : [text(left - 12, y(i) + 16, note, NOTE, FAINT, "right")]),
      ]),
      ...names.map((_, i) => text(x(i) + CELL.width / 2, top - 8, letter(i), NAME, INK, "center")),
      ...names.flatMap((a, row) =>
        names.flatMap((b, column) => cellMarks(a === b ? undefined : cells(a, b), x(column), y(row))),
      ),
    ],
    "Bold: the 95 % interval (bootstrap, and Wilson's) excludes 0.5",
  );
}

/** A, B, ..., Z, AA, AB, ... */
function letter(place: number): string {
  const last = String.fromCharCode("A".charCodeAt(0) + (place % 26));
  return place < 26 ? last : letter(Math.floor(place / 26) - 1) + last;
}

function cellMarks(cell: Cell | undefined, x: number, y: number): Mark[] {
  if (cell === undefined) return [box(x, y, NOT_PLAYED)];
  const { probability, decided } = cell;
  return [
    box(x, y, decided ? colourOf(probability) : "#ffffff"),
    text(
      x + CELL.width / 2,
      y + 16,
      probability.toFixed(2),
      { size: 12, bold: decided },
      decided ? INK : FAINT,
      "center",
    ),
  ];
}

function box(x: number, y: number, colour: string): Mark {
  return {
    type: "rect",
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        width: { value: CELL.width },
        height: { value: CELL.height },
        fill: { value: colour },
        stroke: { value: "#bbbbbb" },
      },
    },
  };
}

/** White at 1/2. */
function colourOf(probability: number): string {
  const end = probability < 0.5 ? WORSE : BETTER;
  const share = Math.abs(2 * probability - 1);
  return `rgb(${end.map((channel) => Math.round(255 + share * (channel - 255))).join(",")})`;
}

/** The pair of two entrants, from the side of the first; undefined where they are not compared. */
function cellsOf(pairs: readonly PairStatistics[]): (a: string, b: string) => Cell | undefined {
  const cells = new Map<string, Map<string, Cell>>();
  const add = (a: string, b: string, cell: Cell) => {
    const row = cells.get(a) ?? new Map<string, Cell>();
    cells.set(a, row.set(b, cell));
  };
  for (const { a, b, probability_of_improvement } of pairs) {
    const { value, ci95 } = probability_of_improvement;
    const decided = ci95 !== null && (ci95[0] > 0.5 || ci95[1] < 0.5);
    add(a, b, { probability: value, decided });
    add(b, a, { probability: 1 - value, decided });
  }
  return (a, b) => cells.get(a)?.get(b);
}
