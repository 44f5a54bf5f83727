import { visibleJson } from "../../common/visible-text.js";

/** Anything with a `write`: a stream, or a test's. */
export interface Output {
  write(text: string): unknown;
}

/**
 * A value as JSON with two-space indentation and a final newline. A bigint becomes its decimal digits as a string; characters that would not
 * be seen, or would act on a terminal, are escaped.
 */
export function jsonText(value: unknown): string {
  return `${visibleJson(JSON.stringify(value, (_, member) => (typeof member === "bigint" ? String(member) : member), 2))}\n`;
}

/** Prints a value as `--json` promises: the document, and nothing else. */
export function printJson(stdout: Output, value: unknown): void {
  stdout.write(jsonText(value));
}

/** Prints a value as a line of JSON. */
export function printJsonLine(stdout: Output, value: unknown): void {
  stdout.write(`${visibleJson(JSON.stringify(value))}\n`);
}
