import { expect, test } from "vitest";
import { createMemoryBudget, partOf } from "#icrl/server/sessions/memory-budget.js";

test("what is reserved is held until it is given back, and no more than there is", () => {
  const budget = createMemoryBudget(100);
  const release = budget.reserve(60, "something");
  expect([budget.usedBytes, budget.full]).toEqual([60, false]);
  const text = "a thing would take 41 bytes, and 60 of 100 are held: ask again later, or for less";
  expect(() => budget.reserve(41, "a thing")).toThrow(
    expect.objectContaining({ reason: "SERVER_BUSY", message: text }),
  );
  budget.reserve(40, "the rest");
  expect(budget.full).toBe(true);
  release();
  release(); // once is enough
  expect(budget.usedBytes).toBe(40);
});

test("who can wait gets memory in the order of asking, and before those who cannot", () => {
  const budget = createMemoryBudget(100);
  const first = budget.reserve(80, "the first");
  const got: string[] = [];
  budget.whenFree(50, () => void got.push("large"));
  const giveUp = budget.whenFree(10, () => void got.push("gone"));
  budget.whenFree(30, () => void got.push("small"));
  expect(got).toEqual([]); // the small ones would fit, and come later
  expect(() => budget.reserve(1, "another")).toThrow(expect.objectContaining({ reason: "SERVER_BUSY" }));
  giveUp();
  first();
  expect(got).toEqual(["large", "small"]);
  budget.whenFree(10, () => void got.push("at once"));
  expect(got.at(-1)).toBe("at once");
});

test("who waits no more is in nobody's way", () => {
  const budget = createMemoryBudget(100);
  budget.reserve(80, "the first");
  const got: string[] = [];
  const giveUp = budget.whenFree(50, () => void got.push("large"));
  budget.whenFree(20, () => void got.push("small"));
  giveUp();
  expect(got).toEqual(["small"]);
});

test("what is there is counted, whether there is room or not", () => {
  const budget = createMemoryBudget(100);
  const release = budget.hold(150);
  expect(budget.full).toBe(true);
  release();
  expect(budget.full).toBe(false);
});

test("a part reserves no more than it may, and leaves the rest to the whole", () => {
  const all = createMemoryBudget(100);
  const part = partOf(all, 50, "tournaments");
  const release = part.reserve(40, "one");
  expect(() => part.reserve(20, "another")).toThrow(
    expect.objectContaining({
      reason: "SERVER_BUSY",
      message: expect.stringMatching(/^another would .* 40 of the 50 /),
    }),
  );
  const rest = all.reserve(60, "a session");
  release();
  release();
  rest();
  part.reserve(50, "another")();
  expect(all.usedBytes).toBe(0);
});
