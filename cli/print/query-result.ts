import type { QueryResult } from "../../datasets/log/query-log.js";
import type { Paint } from "./paint.js";
import { textTable } from "./table.js";

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL)/;

/** What SQL gave, as a table and the number of its rows. */
export function queryResultText(result: QueryResult, paint: Paint): string {
  const columns = result.columns.map(({ name, type }) => ({
    title: name,
    align: NUMERIC.test(type) && !type.endsWith("]") ? ("right" as const) : undefined,
  }));
  const rows = result.rows.map((row) =>
    row.map((value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? ""))),
  );
  return `${textTable(columns, rows, paint)}${rows.length} ${rows.length === 1 ? "row" : "rows"}\n`;
}
