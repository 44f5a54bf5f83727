/** A report as Markdown (CommonMark with GitHub's tables), with its pictures beside it. */
import type { Block, ReportDocument, Table } from "./document.js";

/** The file. */
export function markdownPage({ title, subtitle, blocks }: ReportDocument): string {
  return `# ${plainText(title)}\n\n${plainText(subtitle)}\n\n${blocks.map(blockText).join("\n")}`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(block.level)} ${plainText(block.text)}\n`;
    case "paragraph":
      return `${plainText(block.text)}\n`;
    case "table":
      return tableText(block);
    case "pictures":
      return block.pictures
        .map(({ name, alt, caption }) => `![${plainText(alt)}](pictures/${name}.svg)\n\n${plainText(caption)}\n`)
        .join("\n");
    case "code":
      return `${fence(block.text)}\n${block.text}\n${fence(block.text)}\n`;
    case "terms":
      return block.terms.map(([term, meaning]) => `- **${plainText(term)}**: ${plainText(meaning)}\n`).join("");
    case "fold":
      return `<details><summary>${plainText(block.summary)}</summary>\n\n${block.blocks.map(blockText).join("\n")}\n</details>\n`;
  }
}

function tableText({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plainText).join(" | ")} |\n`;
  const rule = columns.map(({ kind }) => (kind === "number" ? "---:" : "---")).join(" | ");
  return `${plainText(caption)}\n\n${line(columns.map(({ title }) => title))}| ${rule} |\n${rows.map(line).join("")}`;
}

/** A fence that the text does not end: longer than any run of backquotes in it. */
function fence(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  return "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
}

/** The text on one line, none of it markup, a link, a mention or mathematics. */
export function plainText(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\`*_[\]|~$]/g, (character) => `\\${character}`)
    .replaceAll("://", "&#58;//")
    .replaceAll(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`)
    .replaceAll("@", "&#64;");
}
