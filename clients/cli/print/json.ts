/** Anything with a `write`: a stream, or a test's. */
export interface Output {
  write(text: string): unknown;
}

/** A value as JSON with two-space indentation and a final newline. A bigint becomes its decimal digits as a string. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_, member) => (typeof member === "bigint" ? String(member) : member), 2)}\n`;
}

/** Prints a value as `--json` promises: the document, and nothing else. */
export function printJson(stdout: Output, value: unknown): void {
  stdout.write(jsonText(value));
}
