import { expect, test } from "vitest";
import { createEntrantKeys } from "#icrl/server/matches/entrant-keys.js";

const MINE = "0123456789abcdef";
const YOURS = "fedcba9876543210";

const keysThatKeep = () => {
  const kept = new Map<string, string>();
  return { kept, keys: createEntrantKeys("tournament 12ab", (entrant, hash) => void kept.set(entrant, hash)) };
};

const refused = { reason: "KEY_REFUSED" };

test("the first key is the entrant's, and its hash is all that is kept", () => {
  const { keys, kept } = keysThatKeep();
  keys.admit("a", MINE);
  keys.admit("a", MINE);
  expect(keys.hashOf("a")).toBe(kept.get("a"));
  expect(() => keys.admit("a", YOURS)).toThrow(expect.objectContaining(refused));
  expect(() => keys.admit("a", undefined)).toThrow(/has a key: show it as hello.entrant_key/);
  // printf 0123456789abcdef | sha256sum
  expect([...kept]).toEqual([["a", "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"]]);
});

test("an entrant that came without a key has none, and nobody claims its name afterwards", () => {
  const { keys, kept } = keysThatKeep();
  keys.admit("a", undefined);
  expect(keys.hashOf("a")).toBeUndefined();
  for (const claim of [keys.admit, keys.give]) expect(() => claim("a", MINE)).toThrow(/came without a key at first/);
  keys.admit("a", undefined);
  expect(kept.size).toBe(0);
});

test("a key that was given beforehand must be shown from the first, and stays", () => {
  const { keys } = keysThatKeep();
  keys.checkGiven("a", MINE);
  expect(keys.hashOf("a")).toBeUndefined();
  keys.give("a", MINE);
  keys.give("a", MINE); // again, as when a tournament is gone on with
  for (const ask of [keys.give, keys.checkGiven]) expect(() => ask("a", YOURS)).toThrow(/has another key/);
  expect(() => keys.admit("a", undefined)).toThrow(expect.objectContaining(refused));
  keys.admit("a", MINE);
});

test("kept hashes do what the keys did", () => {
  const before = keysThatKeep();
  before.keys.admit("a", MINE);
  const { keys, kept } = keysThatKeep();
  keys.restore(before.kept);
  expect(() => keys.admit("a", YOURS)).toThrow(expect.objectContaining(refused));
  keys.admit("a", MINE);
  expect(kept.size).toBe(0); // it is on disk already
});

test.each([
  ["a short one", "0123456789abcde", /has 15 characters/],
  ["a long one", "k".repeat(101), /has 101 characters/],
  ["one with a space", "0123456789 abcdef", /no spaces/],
  ["one that is not ASCII", "0123456789abcdéf", /ASCII/],
])("%s is no key", (_, key, text) => {
  const { keys } = keysThatKeep();
  expect(() => keys.admit("a", key)).toThrow(text);
  expect(() => keys.give("a", key)).toThrow(text);
  expect(keys.hashOf("a")).toBeUndefined();
});
