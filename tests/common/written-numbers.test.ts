import { expect, test } from "vitest";
import { realNumberOf, uint64Of, wholeNumberOf } from "#icrl/common/written-numbers.js";

test.each<[text: string, whole: bigint | undefined, real: number | undefined]>([
  ["0", 0n, 0],
  ["-0", 0n, -0],
  ["007", 7n, 7],
  ["1000", 1000n, 1000],
  ["1_000", 1000n, 1000],
  ["1e3", 1000n, 1000],
  ["1_0.0E+2", 1000n, 1000],
  ["12.50e1", 125n, 125],
  ["1200e-2", 12n, 12],
  ["-3", -3n, -3],
  ["+3", 3n, 3],
  ["5.", 5n, 5],
  [".5", undefined, 0.5],
  ["1.5", undefined, 1.5],
  ["1e-3", undefined, 0.001],
  ["1201e-2", undefined, 12.01],
  ["18446744073709551615", 18446744073709551615n, 18446744073709551615],
  ["1e999", undefined, undefined],
  ["-1e999", undefined, undefined],
  ["1__000", undefined, undefined],
  ["_1", undefined, undefined],
  ["1_", undefined, undefined],
  ["1_.5", undefined, undefined],
  ["0x10", undefined, undefined],
  ["0o17", undefined, undefined],
  ["0b1", undefined, undefined],
  ["1n", undefined, undefined],
  ["1,000", undefined, undefined],
  ["Infinity", undefined, undefined],
  ["NaN", undefined, undefined],
  ["", undefined, undefined],
  [".", undefined, undefined],
  ["e3", undefined, undefined],
  [" 1", undefined, undefined],
  ["1\n", undefined, undefined],
  ["١", undefined, undefined], // a digit of another script
  ["9".repeat(401), undefined, undefined],
])("%j is one whole number and one real number, or neither", (text, whole, real) => {
  expect(wholeNumberOf(text)).toBe(whole);
  expect(realNumberOf(text)).toBe(real);
});

test("a uint64 is from 0 to 2^64 - 1, every digit of it kept", () => {
  expect(uint64Of("18446744073709551615")).toBe((1n << 64n) - 1n);
  expect(uint64Of("1.8446744073709551615e19")).toBe((1n << 64n) - 1n);
  for (const text of ["18446744073709551616", "-1", "1.5", "0x10"]) expect(uint64Of(text), text).toBe(undefined);
});
