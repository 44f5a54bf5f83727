import { expect, test } from "vitest";
import { wilsonInterval, wilsonMargins } from "#icrl/statistics/wilson.js";

test.each([
  // Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
  [0, 6, 0, 0.3903], // by hand: 3.8415 / (6 + 3.8415)
])("the interval of %i of %i is the published one", (found, trials, low, high) => {
  const interval = wilsonInterval(found / trials, trials) as readonly [number, number];
  expect(interval[0]).toBeCloseTo(low, 4);
  expect(interval[1]).toBeCloseTo(high, 4);
  const mirrored = wilsonInterval(1 - found / trials, trials) as readonly [number, number];
  expect(mirrored[0]).toBeCloseTo(1 - high, 4);
});

test("its end is exactly 0 of none and exactly 1 of all", () => {
  for (const n of [2, 3, 7, 1000]) {
    expect(wilsonInterval(0, n)?.[0]).toBe(0);
    expect(wilsonInterval(1, n)?.[1]).toBe(1);
  }
});

test("one trial, or none, has none", () => {
  expect([wilsonInterval(1, 1), wilsonInterval(0, 0), wilsonInterval(Number.NaN, 0)]).toEqual([null, null, null]);
});

test("margins are those of the interval of 0 and of 1, and nothing in between", () => {
  expect(wilsonMargins(1, 6)[0]).toBeCloseTo(0.3903, 4);
  expect(wilsonMargins(0, 6)[1]).toBeCloseTo(0.3903, 4);
  expect([wilsonMargins(1, 6)[1], wilsonMargins(0, 6)[0]]).toEqual([0, 0]);
  expect(wilsonMargins(0.5, 6)).toEqual([0, 0]);
});
