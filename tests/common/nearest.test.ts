import { expect, test } from "vitest";
import { didYouMean } from "#icrl/common/nearest.js";

const names = ["lin-ucb", "lin-thompson", "thompson", "uniform"];

test("a typing error gets the nearest name", () => {
  expect(didYouMean("linucb", names)).toBe(': did you mean "lin-ucb"?');
  expect(didYouMean("tompson", names)).toBe(': did you mean "thompson"?');
});

test("a beginning gets a name that begins so", () => {
  expect(didYouMean("uni", names)).toBe(': did you mean "uniform"?');
});

test("what is near to nothing gets no suggestion", () => {
  expect(didYouMean("xyzzy", names)).toBe("");
  expect(didYouMean("anything", [])).toBe("");
});
