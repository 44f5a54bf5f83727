/** A report as Markdown (CommonMark with GitHub's tables), with its pictures beside it. */
import { markdownBlock, markdownText } from "../../common/markdown.js";
import type { Block, ReportDocument, Table } from "./document.js";

/** The file. */
export function markdownPage({ title, subtitle, blocks }: ReportDocument): string {
  return `# ${markdownText(title)}\n\n${markdownText(subtitle)}\n\n${blocks.map(blockText).join("\n")}`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(block.level)} ${markdownText(block.text)}\n`;
    case "paragraph":
      return `${markdownText(block.text)}\n`;
    case "table":
      return tableText(block);
    case "pictures":
      return block.pictures
        .map(({ name, alt, caption }) => `![${markdownText(alt)}](pictures/${name}.svg)\n\n${markdownText(caption)}\n`)
        .join("\n");
    case "code":
      return `${markdownBlock(block.text)}\n`;
    case "terms":
      return block.terms.map(([term, meaning]) => `- **${markdownText(term)}**: ${markdownText(meaning)}\n`).join("");
    case "fold":
      return `<details><summary>${markdownText(block.summary)}</summary>\n\n${block.blocks.map(blockText).join("\n")}\n</details>\n`;
  }
}

function tableText({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(" | ")} |\n`;
  const rule = columns.map(({ kind }) => (kind === "number" ? "---:" : "---")).join(" | ");
  return `${markdownText(caption)}\n\n${line(columns.map(({ title }) => title))}| ${rule} |\n${rows.map(line).join("")}`;
}
