import { readFileSync } from "node:fs";

/** Rows of the table below a heading of docs/operating.md, as texts without backquotes; the table's own head left out. */
export function tableBelow(heading: string): string[][] {
  const page = readFileSync("docs/operating.md", "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}
