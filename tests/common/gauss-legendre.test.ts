import { expect, it } from "vitest";
import { gaussLegendre } from "#icrl/common/gauss-legendre.js";

it("three points are those of the books", () => {
  // Abramowitz & Stegun (1964), table 25.4: +-sqrt(3 / 5), 0 with weights 5 / 9, 8 / 9
  const { nodes, weights } = gaussLegendre(3);
  [-Math.sqrt(0.6), 0, Math.sqrt(0.6)].forEach((x, i) => expect(nodes[i]).toBeCloseTo(x, 14));
  [5 / 9, 8 / 9, 5 / 9].forEach((w, i) => expect(weights[i]).toBeCloseTo(w, 14));
});

it("n points integrate powers up to 2 n - 1, and from each point to the end up to n - 1", () => {
  for (const n of [2, 5, 16]) {
    const { nodes, weights, tails } = gaussLegendre(n);
    for (let power = 0; power < 2 * n; power++) {
      const integral = weights.reduce((sum, w, j) => sum + w * nodes[j] ** power, 0);
      expect(integral, `x^${power}`).toBeCloseTo(power % 2 === 0 ? 2 / (power + 1) : 0, 13);
      if (power >= n) continue;
      for (let i = 0; i < n; i++) {
        const tail = nodes.reduce((sum, x, j) => sum + tails[j * n + i] * x ** power, 0);
        expect(tail, `x^${power} from ${nodes[i]}`).toBeCloseTo((1 - nodes[i] ** (power + 1)) / (power + 1), 13);
      }
    }
  }
});
