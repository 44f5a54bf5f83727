/** The tables of docs/export.md, Markdown, by the format they describe. */
import { columnsTable } from "../log/columns.js";
import { AD_COLUMNS } from "./ad.js";
import { CSV_COLUMNS } from "./csv.js";
import { DPT_COLUMNS } from "./dpt.js";

/** The tables. */
export const COLUMNS_TABLES: Readonly<Record<"ad" | "dpt" | "csv", string>> = {
  ad: columnsTable(AD_COLUMNS),
  dpt: columnsTable(DPT_COLUMNS),
  csv: ["| column | meaning |", "|---|---|", ...CSV_COLUMNS.map(({ name, help }) => `| \`${name}\` | ${help} |`)].join(
    "\n",
  ),
};
