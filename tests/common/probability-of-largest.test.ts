import { describe, expect, it } from "vitest";
import { probabilityOfLargestBeta } from "#icrl/common/largest-beta.js";
import { probabilityOfLargestNormal } from "#icrl/common/largest-normal.js";
import { rngFromSeed } from "#icrl/common/rng.js";

function ofBetas(shapes: readonly (readonly [number, number])[]): Float64Array {
  const target = new Float64Array(shapes.length);
  probabilityOfLargestBeta(Float64Array.from(shapes.flat()), target);
  return target;
}

function ofNormals(means: number[], stds: number[]): Float64Array {
  const target = new Float64Array(means.length);
  probabilityOfLargestNormal(Float64Array.from(means), Float64Array.from(stds), target);
  return target;
}

function expectNear(got: Float64Array, wanted: readonly number[], tolerance = 1e-11): void {
  wanted.forEach((p, i) => expect(Math.abs(got[i] - p), `${got[i]} for ${p} of ${i}`).toBeLessThan(tolerance));
  expect(got.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
}

/** A polynomial with whole coefficients, that of x^k at k. */
type Polynomial = readonly bigint[];

function times(p: Polynomial, q: Polynomial): bigint[] {
  const product = new Array<bigint>(p.length + q.length - 1).fill(0n);
  for (const [i, x] of p.entries()) for (const [j, y] of q.entries()) product[i + j] += x * y;
  return product;
}

function choose(n: number, k: number): bigint {
  let result = 1n;
  for (let i = 0; i < k; i++) result = (result * BigInt(n - i)) / BigInt(i + 1);
  return result;
}

/** Distribution function of Beta(a, b), whole a and b: the tail of a binomial of a + b - 1 trials. */
function betaCdf(a: number, b: number): Polynomial {
  const n = a + b - 1;
  const sum = new Array<bigint>(n + 1).fill(0n);
  for (let j = a; j <= n; j++) {
    for (let k = 0; k <= n - j; k++) sum[j + k] += choose(n, j) * choose(n - j, k) * (k % 2 === 0 ? 1n : -1n);
  }
  return sum;
}

/** The same probabilities in whole numbers. */
function exactly(shapes: readonly (readonly [number, number])[]): number[] {
  const cdfs = shapes.map(([a, b]) => betaCdf(a, b));
  return cdfs.map((cdf, i) => {
    const pdf = cdf.slice(1).map((c, k) => c * BigInt(k + 1));
    const integrand = cdfs.reduce<Polynomial>((product, other, j) => (j === i ? product : times(product, other)), pdf);
    let [above, below] = [0n, 1n];
    for (const [k, c] of integrand.entries()) {
      [above, below] = [above * BigInt(k + 1) + c * below, below * BigInt(k + 1)];
    }
    return Number((above * 10n ** 18n) / below) / 1e18;
  });
}

describe("of Beta variables", () => {
  it("small cases by hand", () => {
    // P(Beta(2, 1) > Beta(1, 1)) = integral of 2x x dx
    expectNear(ofBetas([[2, 1], [1, 1]]), [2 / 3, 1 / 3]); // biome-ignore format: a row is a case
    expectNear(ofBetas([[1, 1], [1, 1], [1, 1]]), [1 / 3, 1 / 3, 1 / 3]); // biome-ignore format: a row is a case
  });

  it("as the rational formula for whole parameters has it", () => {
    const rng = rngFromSeed(41n);
    for (let n = 0; n < 40; n++) {
      const shapes = Array.from(
        { length: 2 + rng.integer(4) },
        () => [1 + rng.integer(12), 1 + rng.integer(12)] as const,
      );
      expectNear(ofBetas(shapes), exactly(shapes));
    }
    const apart = [[50, 1], [1, 50], [20, 20], [1, 1], [3, 90]] as const; // biome-ignore format: a row is a case
    expectNear(ofBetas(apart), exactly(apart));
  });

  it("in proportion to a for Beta(a, 1), which are powers of uniforms: 2 to 100 of them, whole or not", () => {
    for (const count of [2, 10, 100]) {
      const a = Array.from({ length: count }, (_, i) => 0.5 + 5 * i);
      const sum = a.reduce((total, x) => total + x, 0);
      expectNear(
        ofBetas(a.map((x) => [x, 1])),
        a.map((x) => x / sum),
      );
    }
  });

  it("narrow ones beside wide ones, by moments", () => {
    // With X ~ Beta(m, m): P(X > U and V^(1/3)) = E X^4, and of the rest a quarter and three quarters, by parts.
    for (const m of [1, 250, 100_000]) {
      const moment = [0, 1, 2, 3].reduce((product, i) => (product * (m + i)) / (2 * m + i), 1);
      const rest = 1 - moment;
      expectNear(ofBetas([[m, m], [1, 1], [3, 1]]), [moment, rest / 4, (3 * rest) / 4], 1e-10); // biome-ignore format: a row is a case
    }
  });

  it("a hundred alike, and the hopeless", () => {
    expectNear(ofBetas(new Array(100).fill([300, 200])), new Array<number>(100).fill(0.01));
    // P(Beta(1, 500) > Beta(500, 1)) = B(500, 501) 500 < 1e-297
    expectNear(ofBetas([[1, 500], [500, 1]]), [0, 1], 1e-13); // biome-ignore format: a row is a case
    const halves = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? [500, 1] : [1, 500]) as [number, number]);
    expectNear(
      ofBetas(halves),
      halves.map(([a]) => (a === 500 ? 0.02 : 0)),
    );
  });
});

const density = (x: number, mean: number, std: number) =>
  Math.exp(-0.5 * ((x - mean) / std) ** 2) / (std * Math.sqrt(2 * Math.PI));

/** By trapezia in many points, distribution functions too: slow, and as exact as it gets for normals. */
function byTrapezia(means: number[], stds: number[]): number[] {
  const step = Math.min(...stds) / 400;
  const reach = 9 * Math.max(...stds);
  const cdf = means.map(() => 0);
  const result = means.map(() => 0);
  const pdf = (x: number) => means.map((mean, i) => density(x, mean, stds[i]));
  let before = pdf(Math.min(...means) - reach);
  for (let x = Math.min(...means) - reach + step; x < Math.max(...means) + reach; x += step) {
    const now = pdf(x);
    for (let i = 0; i < means.length; i++) cdf[i] += (step * (before[i] + now[i])) / 2;
    for (let i = 0; i < means.length; i++) {
      result[i] += step * cdf.reduce((product, c, j) => (j === i ? product : product * c), now[i]);
    }
    before = now;
  }
  return result;
}

describe("of normal variables", () => {
  it("of two by the normal distribution of their difference", () => {
    // Abramowitz & Stegun (1964), table 26.1: Phi(1) = 0.841344746068543, Phi(2) = 0.977249868051821
    expectNear(ofNormals([0, 5], [3, 4]), [1 - 0.841344746068543, 0.841344746068543], 1e-13);
    expectNear(ofNormals([10, 0], [3, 4]), [0.977249868051821, 1 - 0.977249868051821], 1e-13);
    expectNear(ofNormals([1, 0], [1, 1e-6]), [0.841344746068543, 1 - 0.841344746068543], 1e-11);
    expectNear(ofNormals([0, 1e3], [1, 1e-3]), [0, 1], 1e-13);
  });

  it("of several by brute force", () => {
    for (const [means, stds] of [
      [
        [0, 0.3, -0.2],
        [1, 0.1, 0.5],
      ],
      [
        [0.5, 0.4, 0.45, 0],
        [0.05, 0.2, 0.02, 1],
      ],
    ]) {
      expectNear(ofNormals(means, stds), byTrapezia(means, stds), 1e-6);
    }
  });

  it("of equals alike, whatever their place", () => {
    expectNear(ofNormals(new Array(64).fill(-7), new Array(64).fill(0.01)), new Array<number>(64).fill(1 / 64), 1e-13);
  });
});
