import { expect } from "vitest";
import { type HostileEntry, type HostileOutcome, MOST_MIB } from "../support/hostile.js";

/** Sees that every command ended by itself with one of the entry's reasons, in bounded memory, and wrote nowhere else. */
export function expectRefused({ reasons }: HostileEntry, { outcomes, rss, ended, touched }: HostileOutcome): void {
  expect(ended).toBeUndefined();
  expect(touched).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(0);
  const accepted = outcomes.filter(({ code }) => code === 0);
  expect(accepted).toEqual([]);
  // A verify lists problems instead of one reason. Who would write there finds that it is not its own.
  const fitting = [...reasons, "OUTPUT_EXISTS"];
  const other = outcomes.filter(
    ({ command, text }) => command !== "verify" && !fitting.some((reason) => text.includes(`${reason}: `)),
  );
  expect(other).toEqual([]);
  expect(rss).toBeLessThan(MOST_MIB);
}
