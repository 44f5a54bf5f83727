/**
 * Text from others, and what of it nobody would see: control characters move a terminal's cursor or end a line, format characters turn the
 * order of what follows round (bidi) or make two names look alike (zero width).
 */

import { MAX_NAME } from "./names.js";

/**
 * Controls (C0, DEL, C1), format characters (bidi, zero width, soft hyphens, tags), separators of lines, halves of surrogate pairs, and
 * what is not drawn though it is a letter or a mark: fillers, variation selectors.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/gu;

/** A text on one line in which all is to be seen: hidden characters are written as JavaScript has them, `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, escaped);
}

/** The same, its lines kept apart. */
export function visibleLines(text: string): string {
  return text.replaceAll(HIDDEN, (character) => (character === "\n" ? character : escaped(character)));
}

/** JSON of the same value without hidden characters; its line breaks, which stand between values, are kept. */
export function visibleJson(json: string): string {
  return json.replaceAll(HIDDEN, (character) => {
    if (character === "\n") return character;
    return Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`).join("");
  });
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  if (character === "\r") return "\\r";
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${hex(code, 2)}` : code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 1)}}`;
}

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, "0");

/**
 * What is wrong with a name, as the end of a sentence that names it; undefined where nothing is. The rule for all names that come from
 * outside: so many characters, all of which can be seen.
 *
 * @param min fewest characters
 * @param max most characters
 */
export function nameProblem(name: string, min = 1, max = MAX_NAME): string | undefined {
  const good = name.length >= min && name.length <= max && name.search(HIDDEN) < 0;
  if (good) return undefined;
  const shown = name.length > max ? `${visible(name.slice(0, max))}...` : visible(name);
  return `is "${shown}": give ${min} to ${max} printable characters`;
}
