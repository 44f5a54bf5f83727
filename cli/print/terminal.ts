/**
 * Where text goes to people: terminals, and what takes their place. Much of it holds words of others (agents, files, options, errors), so all
 * of it goes through `printText`, and characters that would act on a terminal, or not be seen, are written out. JSON goes through json.ts.
 */
import { visible, visibleLines } from "../../common/visible-text.js";

/** Emphasis of paint.ts, alone of all that a terminal acts on: it hides and moves nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ours
const EMPHASIS = /(\x1b\[(?:1|2|22)m)/;

/** Anything with a `write`: a stream, or a test's. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const outsideEmphasis = (text: string, write: (part: string) => string): string =>
  text
    .split(EMPHASIS)
    .map((part, i) => (i % 2 === 1 ? part : write(part)))
    .join("");

/** Writes lines. */
export function printText(stream: TextOutput, text: string): void {
  stream.write(stream.isTTY === true ? outsideEmphasis(text, visibleLines) : visibleLines(text));
}

/** A part of a line, a table's cell say, painted or not: on one line, with nothing hidden. */
export const onOneLine = (text: string): string => outsideEmphasis(text, visible);
