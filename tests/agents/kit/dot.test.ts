import { expect, it } from "vitest";
import { dot } from "#icrl/agents/kit/dot.js";

it("multiplies a part of an array with a vector, whatever its length", () => {
  const rows = Float64Array.from({ length: 20 }, (_, i) => i + 1);
  for (let n = 0; n <= 9; n++) {
    const x = Float64Array.from({ length: n }, (_, i) => 10 - 2 * i);
    // whole numbers: no rounding
    expect(dot(rows, 5, x)).toBe(x.reduce((sum, value, i) => sum + rows[5 + i] * value, 0));
  }
});
