/** How tasks and agents are listed: the same for both. */
import { allowed, type OptionTable } from "../../common/options.js";

/** An option as `--json` shows it. */
export function optionsJson(table: OptionTable): Record<string, unknown>[] {
  return Object.entries(table).map(([name, row]) => ({
    name,
    type: row.type,
    default: row.default,
    ...("min" in row && row.min !== undefined ? { min: row.min } : {}),
    ...("max" in row && row.max !== undefined ? { max: row.max } : {}),
    ...(row.type === "choice" ? { choices: row.choices } : {}),
    help: row.help,
  }));
}

/** An options table for a terminal; "" when there are no options. */
export function optionsText(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, row]) => [name, String(row.default), allowed(row), row.help]);
  if (rows.length === 0) return "no options\n";
  const header = ["option", "default", "values", "meaning"];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  return [header, ...rows]
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]))).join("  "))
    .map((line) => `${line}\n`)
    .join("");
}
