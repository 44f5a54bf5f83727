/** docs/export.md: its table of formats and a section for each are written from the code, the rest by hand. */
import { readFileSync } from "node:fs";
import { FORMATS } from "../../dist/datasets/export/formats.js";
import { table } from "./markdown.mjs";

const FILE = "docs/export.md";

/** The page with what comes from the formats renewed: it stands between `<!-- formats ... -->` or `<!-- sections ... -->` and `<!-- end -->`. */
export function exportPage() {
  const rows = FORMATS.map(({ name, docs, defaultLabel }) => [
    `\`${name}\``,
    docs.path,
    docs.row,
    defaultLabel === undefined ? "" : `\`${defaultLabel}\``,
    docs.use,
  ]);
  const sections = FORMATS.map(({ name, docs }) => `## ${name}\n\n${docs.text}\n\n`).join("");
  return readFileSync(FILE, "utf8")
    .replace(
      place("formats"),
      (_, from, to) =>
        `${from}${table(["format", "PATH becomes", "a row is", "label by default", "for"], rows)}\n${to}`,
    )
    .replace(place("sections"), (_, from, to) => `${from}${sections}${to}`);
}

/** @param {string} name */
function place(name) {
  return new RegExp(`(<!-- ${name}[^>]*-->\\n\\n)[^]*?(<!-- end -->)`);
}
