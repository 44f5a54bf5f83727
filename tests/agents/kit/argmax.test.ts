import { expect, it } from "vitest";
import { argmax, countMaxima, randomArgmax } from "#icrl/agents/kit/argmax.js";
import { rngFromSeed } from "#icrl/common/rng.js";

const VALUES = Float64Array.of(9, 1, 3, 2, 3, 3, 9);

it("argmax takes the lowest index on ties, within its part of the array", () => {
  expect(argmax(VALUES)).toBe(0);
  expect(argmax(VALUES, 1, 5)).toBe(1); // the 3 at 2
  expect(argmax(Float64Array.of(-Infinity, -Infinity))).toBe(0);
});

it("countMaxima counts the ties", () => {
  expect(countMaxima(VALUES)).toBe(2);
  expect(countMaxima(VALUES, 1, 5)).toBe(3);
  expect(countMaxima(VALUES, 1, 1)).toBe(1);
});

it("randomArgmax draws each of the ties equally often and nothing else", () => {
  const rng = rngFromSeed(4n);
  const counts = [0, 0, 0, 0, 0];
  for (let n = 0; n < 9000; n++) counts[randomArgmax(VALUES, 1, 5, 3, rng)] += 1;
  expect(counts[0] + counts[2]).toBe(0);
  // 9,000 draws of probability 1/3 have standard deviation 45
  for (const i of [1, 3, 4]) expect(Math.abs(counts[i] - 3000)).toBeLessThan(5 * 45);
});

it("randomArgmax draws nothing where there is one maximum", () => {
  const rng = rngFromSeed(5n);
  const untouched = rngFromSeed(5n);
  expect(randomArgmax(Float64Array.of(1, 4, 2), 0, 3, 1, rng)).toBe(1);
  expect(rng.uniform()).toBe(untouched.uniform());
});
