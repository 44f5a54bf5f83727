import { stripVTControlCharacters } from "node:util";
import { type Paint, plain } from "./paint.js";
import { onOneLine } from "./terminal.js";

/** A column of a text table. */
export interface Column {
  readonly title: string;
  /** Default "left"; numbers belong to the right. */
  readonly align?: "left" | "right";
}

const GAP = "  ";

/**
 * An aligned text table: the titles, then the rows, columns two spaces apart, no trailing blanks, a newline after each
 * line. Cells may be painted; what does not show has no width.
 *
 * @throws RangeError if a row has not one cell per column
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint = plain,
): string {
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new RangeError(`a row of ${row.length} cells in ${columns.length} columns`);
  }
  const titles = columns.map(({ title }) => paint.faint(onOneLine(title)));
  const lines = [titles, ...rows.map((cells) => cells.map(onOneLine))];
  const widths = columns.map((_, i) => lines.reduce((widest, cells) => Math.max(widest, shownWidth(cells[i])), 0));
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, i) => pad(cell, widths[i], columns[i]))
          .join(GAP)
          .trimEnd()}\n`,
    )
    .join("");
}

function pad(cell: string, width: number, { align = "left" }: Column): string {
  const blanks = " ".repeat(width - shownWidth(cell));
  return align === "right" ? blanks + cell : cell + blanks;
}

/** Characters that a terminal shows. */
export function shownWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
