/** Pieces of Markdown that several pages are made of. */
import { allowed } from "../../dist/common/options.js";

/** First lines of a page that is written from code. */
export const notice = (/** @type {string} */ source) =>
  `<!-- Written by \`npm run docs\` from ${source}: edit that. -->\n`;

/** A table. Cells are Markdown; bars in them are escaped. */
export function table(/** @type {string[]} */ head, /** @type {string[][]} */ rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}

/** The table of an options table. */
export function optionsTable(/** @type {import("../../dist/common/options.js").OptionTable} */ options) {
  const rows = Object.entries(options).map(([name, row]) => [
    `\`${name}\``,
    row.default === "" ? "" : `\`${row.default}\``,
    allowed(row).replace(/^an? /, ""),
    row.help,
  ]);
  return rows.length > 0 ? table(["option", "default", "allowed", "meaning"], rows) : "It has no options.\n";
}

/**
 * The text of a file's documentation: that of the comment before the export, or else the file's first.
 *
 * @param {string} text of a TypeScript file
 */
export function documentation(text) {
  const attached = /\/\*\*((?:(?!\*\/).)*)\*\/\s*export const \w+(: \w+)? = define(Agent|Task)\b/s.exec(text);
  const comment = attached?.[1] ?? /\/\*\*(.*?)\*\//s.exec(text)?.[1];
  if (comment === undefined) throw new Error("a task's or an algorithm's file begins with what it is");
  return comment.replace(/^[ \t]*\* ?/gm, "").trim();
}
