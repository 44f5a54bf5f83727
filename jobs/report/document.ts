/**
 * A report as a list of blocks, which html.ts and markdown.ts write each in its language. Every text is plain: whoever writes it
 * out makes its special characters harmless.
 */

/** A picture in the folder `pictures/`. */
export interface Picture {
  /** File name without its ending; letters, digits, hyphens. */
  readonly name: string;
  readonly svg: string;
  /** What it shows, for whoever cannot see it. */
  readonly alt: string;
  /** What to know to read it. */
  readonly caption: string;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand to the right, sentences are broken into lines. */
  readonly kind?: "number" | "sentence";
}

/** A table. */
export interface Table {
  readonly kind: "table";
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** A part of a report. */
export type Block =
  | { readonly kind: "heading"; readonly level: 2 | 3; readonly text: string /** For links. */; readonly id: string }
  | { readonly kind: "paragraph"; readonly text: string }
  | Table
  /** Side by side where there is room. */
  | { readonly kind: "pictures"; readonly pictures: readonly Picture[] }
  /** Something to copy. */
  | { readonly kind: "code"; readonly text: string }
  /** Words and what they mean. */
  | { readonly kind: "terms"; readonly terms: readonly (readonly [term: string, meaning: string])[] }
  /** What is shown when asked for. */
  | { readonly kind: "fold"; readonly summary: string; readonly blocks: readonly Block[] };

/** A report. */
export interface ReportDocument {
  readonly title: string;
  readonly subtitle: string;
  readonly blocks: readonly Block[];
}

/** Rows of a table that are shown at once; the others are folded. */
const SHOWN_ROWS = 25;

/** A table in whole, or its first rows and then all of it folded. */
export function longTable(table: Omit<Table, "kind">): Block[] {
  const { rows, caption } = table;
  if (rows.length <= SHOWN_ROWS) return [{ kind: "table", ...table }];
  return [
    {
      kind: "table",
      ...table,
      caption: `${caption} The first ${SHOWN_ROWS} of ${rows.length} rows.`,
      rows: rows.slice(0, SHOWN_ROWS),
    },
    { kind: "fold", summary: `All ${rows.length} rows`, blocks: [{ kind: "table", ...table }] },
  ];
}
