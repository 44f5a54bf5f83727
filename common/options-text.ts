import { allowed, type OptionTable } from "./options.js";

/** An options table for people: name, default, allowed values and meaning of each; "no options" of an empty one. Ends with a newline. */
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
