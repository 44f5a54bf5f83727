import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { turnListeners } from "#icrl/server/matches/turn-listeners.js";

test("what the first, or a listener, throws or rejects with is told, and the others hear all the same", async () => {
  const heard: string[] = [];
  const failures: string[] = [];
  const fail = (what: string): never => {
    throw new Error(what);
  };
  const { changed, onChange } = turnListeners(
    () => fail("first"),
    (error) => void failures.push((error as Error).message),
  );
  onChange(() => fail("thrown"));
  onChange(async () => fail("rejected"));
  const stop = onChange(() => void heard.push("last"));
  for (const times of [1, 2]) {
    changed();
    changed(); // in the same turn
    await nextTurn();
    await nextTurn();
    expect([heard.length, failures]).toEqual([times, Array(times).fill(["first", "thrown", "rejected"]).flat()]);
  }
  stop();
  changed();
  await nextTurn();
  expect(heard.length).toBe(2);
});
