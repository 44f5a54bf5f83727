import { describe, expect, test } from "vitest";
import { COMMITTED, giveHostile, type HostileEntry, MADE } from "../support/hostile.js";
import { expectRefused } from "./expect-refused.js";

/** Entries that tests/fixtures/hostile/make.mjs writes, and those that tests/support/hostile.ts makes: 19 files x 4, and 5 links. */
const COUNTS = { committed: 183, made: 81 };

test("the corpus is all there", () => {
  expect({ committed: COMMITTED.length, made: MADE.length }).toEqual(COUNTS);
  expect(new Set([...COMMITTED, ...MADE].map(({ kind, name }) => `${kind} ${name}`)).size).toBe(264);
});

const title = ({ kind, name }: HostileEntry) => `${kind}: ${name}`;

describe.each([...COMMITTED, ...MADE].map((entry) => [title(entry), entry] as const))("%s", (_, entry) => {
  test("is refused by every command that reads it, and nothing else is touched", async () => {
    expectRefused(entry, await giveHostile(entry));
  });
});
