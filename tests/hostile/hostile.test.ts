import { expect, test } from "vitest";
import { COMMITTED, giveHostile, MADE } from "../support/hostile.js";
import { expectRefused } from "./expect-refused.js";

/** One of each sort; hostile.full.test.ts has all of them. */
const SOME: readonly string[] = [
  "dataset sql-in-a-column",
  "dataset length-2e9",
  "dataset fifo as dataset.json",
  "log segment-offsets-2e9",
  "log link as data",
  "tournament proto",
  "training tensors-overlap",
  "spec nested-lists",
];

test.each(SOME)("%s is refused by every command that reads it, and nothing else is touched", async (name) => {
  const entry = [...COMMITTED, ...MADE].find((candidate) => `${candidate.kind} ${candidate.name}` === name);
  if (entry === undefined) throw new Error(`the corpus has no ${name}`);
  expectRefused(entry, await giveHostile(entry));
});

test("a folder that nobody tampered with is refused by no command that the corpus is given to", async () => {
  const good = { kind: "dataset", name: "good", target: "dataset.json", reasons: [], make: () => {} } as const;
  const { outcomes, ended, touched } = await giveHostile(good);
  expect({ ended, touched, refused: outcomes.filter(({ code }) => code !== 0) }).toEqual({
    ended: undefined,
    touched: [],
    refused: [],
  });
});
