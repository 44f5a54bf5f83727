import { describe, expect, it } from "vitest";
import { addRankOneToInverse } from "#icrl/agents/kit/add-rank-one-to-inverse.js";
import { addRankOneToCholesky, cholesky, solveLower, solveLowerTransposed } from "#icrl/common/cholesky.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";

const f64 = (...values: number[]) => Float64Array.from(values);
const expectClose = (actual: Float64Array, expected: Float64Array, digits = 10) => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));
};
const normals = (n: number, rng: Rng) => Float64Array.from({ length: n }, () => rng.normal());

/** [d, d] times [d, d]. */
function product(a: Float64Array, b: Float64Array, d: number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += a[Math.floor(at / d) * d + k] * b[k * d + (at % d)];
    return sum;
  });
}
const transposed = (a: Float64Array, d: number) => a.map((_, at) => a[(at % d) * d + Math.floor(at / d)]);
const identity = (d: number) => Float64Array.from({ length: d * d }, (_, at) => (at % (d + 1) === 0 ? 1 : 0));

describe("addRankOneToInverse", () => {
  it("inverts I + x x' as by hand", () => {
    const inverse = identity(2);
    const gain = f64(0, 0);
    addRankOneToInverse(inverse, f64(1, 2), gain);
    // by hand: [[2, 2], [2, 5]] has determinant 6 and inverse [[5, -2], [-2, 2]] / 6; times (1, 2) is (1, 2) / 6
    expectClose(inverse, f64(5 / 6, -1 / 3, -1 / 3, 1 / 3));
    expectClose(gain, f64(1 / 6, 1 / 3));
  });

  it("stays the inverse, and symmetric to the last bit, through 500 random additions", () => {
    const d = 7;
    const rng = rngFromSeed(1n);
    const inverse = identity(d);
    const matrix = identity(d);
    for (let n = 0; n < 500; n++) {
      const x = normals(d, rng);
      addRankOneToInverse(inverse, x, new Float64Array(d));
      for (let at = 0; at < d * d; at++) matrix[at] += x[Math.floor(at / d)] * x[at % d];
    }
    expectClose(product(matrix, inverse, d), identity(d));
    expect(inverse).toEqual(transposed(inverse, d));
  });
});

describe("cholesky", () => {
  it("factors a matrix as by hand", () => {
    const lower = new Float64Array(4);
    cholesky(f64(4, 2, 2, 5), 2, lower);
    expectClose(lower, f64(2, 0, 1, 2)); // by hand
  });

  it("is brought up to date by a rank-one addition as if factored anew", () => {
    const d = 6;
    const rng = rngFromSeed(2n);
    const lower = identity(d);
    const matrix = identity(d);
    for (let n = 0; n < 100; n++) {
      const x = normals(d, rng);
      for (let at = 0; at < d * d; at++) matrix[at] += x[Math.floor(at / d)] * x[at % d];
      addRankOneToCholesky(lower, x);
    }
    const anew = new Float64Array(d * d);
    cholesky(matrix, d, anew);
    expectClose(lower, anew);
    expectClose(product(lower, transposed(lower, d), d), matrix);
  });

  it("solves with the factor and with its transpose", () => {
    const lower = f64(2, 0, 1, 2);
    const forward = f64(4, 6);
    solveLower(lower, forward);
    expectClose(forward, f64(2, 2)); // by hand: 2 y0 = 4, y0 + 2 y1 = 6
    const backward = f64(4, 6);
    solveLowerTransposed(lower, backward);
    expectClose(backward, f64(0.5, 3)); // by hand: 2 y1 = 6, 2 y0 + y1 = 4
  });
});
