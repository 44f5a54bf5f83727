import { jsonText } from "../../common/json-text.js";
import { visibleJson } from "../../common/visible-text.js";

/** Anything with a `write`: a stream, or a test's. */
export interface Output {
  write(text: string): unknown;
}

/** Prints a value as `--json` promises: the document, and nothing else. */
export function printJson(stdout: Output, value: unknown): void {
  stdout.write(jsonText(value));
}

/** Prints a value as a line of JSON. */
export function printJsonLine(stdout: Output, value: unknown): void {
  stdout.write(`${visibleJson(JSON.stringify(value))}\n`);
}
