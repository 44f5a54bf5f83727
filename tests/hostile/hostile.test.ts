import { beforeAll, expect, test } from "vitest";
import { COMMITTED, giveHostile, type HostileEntry, type HostileOutcome, MADE } from "../support/hostile.js";
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

const GOOD = { kind: "dataset", name: "good", target: "dataset.json", reasons: [], make: () => {} } as const;
const ENTRIES: readonly HostileEntry[] = [
  GOOD,
  ...SOME.map((name) => {
    const entry = [...COMMITTED, ...MADE].find((candidate) => `${candidate.kind} ${candidate.name}` === name);
    if (entry === undefined) throw new Error(`the corpus has no ${name}`);
    return entry;
  }),
];
let outcomes: HostileOutcome[];
beforeAll(async () => {
  outcomes = await giveHostile(ENTRIES);
}, 600_000);

test.each(SOME.map((name, i) => [name, i + 1] as const))(
  "%s is refused by every command that reads it, and nothing else is touched",
  (_, i) => expectRefused(ENTRIES[i], outcomes[i]),
);

test("a folder that nobody tampered with is refused by no command that the corpus is given to", () => {
  const { outcomes: ofGood, ended, touched } = outcomes[0];
  expect({ ended, touched, refused: ofGood.filter(({ code }) => code !== 0) }).toEqual({
    ended: undefined,
    touched: [],
    refused: [],
  });
});
