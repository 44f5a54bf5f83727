import { beforeAll, describe, expect, test } from "vitest";
import { COMMITTED, giveHostile, type HostileOutcome, isPassedOver, MADE } from "../support/hostile.js";
import { expectRefused } from "./expect-refused.js";

/**
 * Entries that tests/fixtures/hostile/make.mjs writes, and those that tests/support/hostile.ts makes: 20 files x 4, 6 links, and 6 that are
 * large.
 */
const COUNTS = { committed: 202, made: 92 };

test("the corpus is all there", () => {
  expect({ committed: COMMITTED.length, made: MADE.length }).toEqual(COUNTS);
  expect(new Set([...COMMITTED, ...MADE].map(({ kind, name }) => `${kind} ${name}`)).size).toBe(294);
});

/** Entries of one process: what a command loads is loaded once for all of them. */
const TOGETHER = 12;

const ALL = [...COMMITTED, ...MADE].filter((entry) => !isPassedOver(entry)); // sessions.full.test.ts has the others
const batches = Array.from({ length: Math.ceil(ALL.length / TOGETHER) }, (_, i) =>
  ALL.slice(i * TOGETHER, (i + 1) * TOGETHER),
);

describe.each(batches.map((batch, i) => [i, batch] as const))("batch %i", (_, batch) => {
  let outcomes: HostileOutcome[];
  beforeAll(async () => {
    outcomes = await giveHostile(batch);
  }, 600_000);
  test.each(batch.map(({ kind, name }, i) => [`${kind}: ${name}`, i] as const))(
    "%s is refused by every command that reads it, and nothing else is touched",
    (_, i) => expectRefused(batch[i], outcomes[i]),
  );
});
