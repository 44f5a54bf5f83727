/** Texts of others in Markdown (CommonMark with GitHub's tables), in which they stay texts. */
import { visible, visibleLines } from "./visible-text.js";

/** The text on one line, none of it markup, a link, a mention or mathematics. */
export function markdownText(text: string): string {
  return visible(text.trim().replaceAll(/\s+/g, " "))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\`*_[\]|~$]/g, (character) => `\\${character}`)
    .replace(/^(?=#|[+-](\s|$)|[=-]+$)/, "\\") // headings, lists, rules
    .replace(/^(\d{1,9})(?=[.)](\s|$))/, "$1\\")
    .replaceAll("://", "&#58;//")
    .replaceAll(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`)
    .replaceAll("@", "&#64;");
}

/** The text as code within a line. */
export function markdownCode(text: string): string {
  const shown = visible(text);
  const ticks = "`".repeat(1 + longestRun(shown));
  const blank = /^`|`$|^ .*[^ ].* $/.test(shown) ? " " : "";
  return `${ticks}${blank}${shown}${blank}${ticks}`;
}

/** The text as a block of code. @param language of its highlighting */
export function markdownBlock(text: string, language = ""): string {
  const fence = "`".repeat(Math.max(3, 1 + longestRun(text)));
  return `${fence}${language}\n${visibleLines(text)}\n${fence}`;
}

/** Length of the longest run of backquotes. */
const longestRun = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
