import { expect, test } from "vitest";
import { normalQuantile } from "#icrl/common/normal.js";

test("the quantile gives the values that its paper prints for checking", () => {
  // Wichura (1988), AS 241: the three test values of the paper, one for each of its rational functions.
  expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 15);
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167814, 14);
  expect(normalQuantile(1e-20)).toBeCloseTo(-9.262340089798408, 14);
});

test("the quantile gives the usual critical values", () => {
  // R's qnorm(0.975) and qnorm(0.995), which many tables round to 1.96 and 2.576.
  expect(normalQuantile(0.5)).toBe(0);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
  expect(normalQuantile(0.995)).toBeCloseTo(2.575829303548901, 13);
});

test("the quantile is odd around one half", () => {
  for (const p of [2 ** -53, 1e-12, 1e-6, 0.01, 0.0749, 0.0751, 0.3, 0.4999]) {
    expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), p < 1e-9 ? 4 : 9);
  }
});

test("the quantile rises and has no step where one rational function hands over to the next", () => {
  for (const join of [0.075, 0.925, Math.exp(-25)]) {
    const below = normalQuantile(join * (1 - 1e-9));
    const above = normalQuantile(join * (1 + 1e-9));
    expect(above).toBeGreaterThan(below);
    expect(above - below).toBeLessThan(2e-8 * Math.max(1, Math.abs(below)));
  }
});
