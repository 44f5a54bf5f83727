import { expect, test } from "vitest";
import { nameProblem, visible, visibleJson, visibleLines } from "#icrl/common/visible-text.js";

/** What terminals act on, or nobody sees, and how it is written. */
const HIDDEN: [what: string, character: string, written: string][] = [
  ["escape", "\x1b", "\\x1b"],
  ["bell", "\x07", "\\x07"],
  ["null", "\0", "\\x00"],
  ["delete", "\x7f", "\\x7f"],
  ["C1's control sequence introducer", "\x9b", "\\x9b"],
  ["carriage return", "\r", "\\r"],
  ["tab", "\t", "\\t"],
  ["right-to-left override", "\u202e", "\\u202e"],
  ["left-to-right isolate", "\u2066", "\\u2066"],
  ["zero width space", "\u200b", "\\u200b"],
  ["zero width joiner", "\u200d", "\\u200d"],
  ["byte order mark", "\ufeff", "\\ufeff"],
  ["soft hyphen", "\xad", "\\xad"],
  ["line separator", "\u2028", "\\u2028"],
  ["a tag", "\u{e0041}", "\\u{e0041}"],
  ["a letter that is not drawn", "\u3164", "\\u3164"],
  ["a variation selector", "\ufe0f", "\\ufe0f"],
  ["half a surrogate pair", "\ud83d", "\\ud83d"],
];

test.each(HIDDEN)("%s is written out, is in no name, and is the same value in JSON", (_, character, written) => {
  expect(visible(`a${character}b\nc`)).toBe(`a${written}b\\nc`);
  expect(visibleLines(`a${character}b\nc`)).toBe(`a${written}b\nc`);
  expect(nameProblem(`a${character}b`)).toBe(`is "a${written}b": give 1 to 100 printable characters`);
  const json = visibleJson(JSON.stringify({ a: `x${character}y` }, undefined, 2));
  expect(JSON.parse(json)).toEqual({ a: `x${character}y` });
  expect(json).toMatch(/^\{\n {2}"a": "x[ -~]+y"\n\}$/); // ASCII alone
});

test("letters of all scripts, accents, emoji and mathematics are text as they are", () => {
  const text = "Größe, 学習, αβγ, e\u0301, 🤖, ± ≤, a\u00a0b";
  expect([visible(text), visibleLines(text), visibleJson(text)]).toEqual([text, text, text]);
  expect(nameProblem(text)).toBeUndefined();
});

test("a name has bounds, and one that is too long is quoted in part", () => {
  expect(nameProblem("")).toBe('is "": give 1 to 100 printable characters');
  expect([nameProblem("", 0), nameProblem("x".repeat(100))]).toEqual([undefined, undefined]);
  expect(nameProblem("x".repeat(1000))).toBe(`is "${"x".repeat(100)}...": give 1 to 100 printable characters`);
});
