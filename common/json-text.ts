import { visibleJson } from "./visible-text.js";

/**
 * A value as JSON with two-space indentation and a final newline. A bigint becomes its decimal digits as a string; characters that would not
 * be seen, or would act on a terminal, are escaped.
 */
export function jsonText(value: unknown): string {
  return `${visibleJson(JSON.stringify(value, (_, member) => (typeof member === "bigint" ? String(member) : member), 2))}\n`;
}
