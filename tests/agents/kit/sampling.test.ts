import { describe, expect, it } from "vitest";
import { sampleBeta } from "#icrl/agents/kit/sample-beta.js";
import { sampleDirichlet } from "#icrl/agents/kit/sample-dirichlet.js";
import { sampleGamma } from "#icrl/agents/kit/sample-gamma.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";

const N = 20_000;

/** Mean and variance of N draws lie within five standard errors of the law's; `kurtosis` bounds the variance's error. */
function expectMoments(draw: (rng: Rng) => number, mean: number, variance: number, kurtosis: number) {
  const rng = rngFromSeed(6n);
  const draws = Float64Array.from({ length: N }, () => draw(rng));
  const average = draws.reduce((sum, x) => sum + x, 0) / N;
  const spread = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / N;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / N));
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt((kurtosis - 1) / N));
}

/** Kolmogorov-Smirnov distance of N draws to a distribution function is below the value exceeded once in 10^5. */
function expectLaw(draw: (rng: Rng) => number, cdf: (x: number) => number) {
  const rng = rngFromSeed(7n);
  const draws = Float64Array.from({ length: N }, () => draw(rng)).sort();
  let distance = 0;
  draws.forEach((x, i) => {
    distance = Math.max(distance, Math.abs(cdf(x) - i / N), Math.abs(cdf(x) - (i + 1) / N));
  });
  expect(distance * Math.sqrt(N)).toBeLessThan(2.47); // 2 exp(-2 x^2) = 1e-5
}

describe("sampleGamma", () => {
  for (const shape of [0.3, 1, 1.5, 4, 250]) {
    it(`has mean and variance ${shape}`, () => {
      // Excess kurtosis of Gamma(k) is 6 / k.
      expectMoments((rng) => sampleGamma(shape, rng), shape, shape, 3 + 6 / shape);
    });
  }

  it("of shape 3 follows 1 - e^-x (1 + x + x^2 / 2)", () => {
    expectLaw(
      (rng) => sampleGamma(3, rng),
      (x) => 1 - Math.exp(-x) * (1 + x + (x * x) / 2),
    );
  });
});

describe("sampleBeta", () => {
  for (const [a, b] of [
    [1, 1],
    [1, 5],
    [5, 1],
    [0.5, 0.5],
    [0.5, 3],
    [2, 3],
    [3, 2],
    [1.5, 40],
    [40, 1.5],
    [120, 81],
  ]) {
    it(`(${a}, ${b}) has its mean and variance`, () => {
      const sum = a + b;
      expectMoments((rng) => sampleBeta(a, b, rng), a / sum, (a * b) / (sum * sum * (sum + 1)), 12);
    });
  }

  it("(2, 3) follows the tail of a binomial", () => {
    // Johnson, Kotz & Balakrishnan (1995), 25.1: I_x(2, 3) = P(Binomial(4, x) >= 2)
    expectLaw(
      (rng) => sampleBeta(2, 3, rng),
      (x) => 1 - (1 - x) ** 4 - 4 * x * (1 - x) ** 3,
    );
  });

  it("(3, 2) is the mirror of (2, 3)", () => {
    expectLaw(
      (rng) => 1 - sampleBeta(3, 2, rng),
      (x) => 1 - (1 - x) ** 4 - 4 * x * (1 - x) ** 3,
    );
  });

  it("of tiny parameters gives 0 or 1 and never NaN", () => {
    const rng = rngFromSeed(8n);
    for (let n = 0; n < 100; n++) expect([0, 1]).toContain(Math.round(sampleBeta(1e-5, 1e-5, rng)));
  });
});

describe("sampleDirichlet", () => {
  const ALPHA = Float64Array.of(9, 1, 2, 5, 9);

  it("sums to 1, keeps to its part of the array and has the law's means", () => {
    const rng = rngFromSeed(9n);
    const target = Float64Array.of(-1, 0, 0, 0, -1);
    const means = [0, 0, 0];
    for (let n = 0; n < N; n++) {
      sampleDirichlet(ALPHA, target, 1, 3, rng);
      expect(target[1] + target[2] + target[3]).toBeCloseTo(1, 12);
      for (let i = 0; i < 3; i++) means[i] += target[1 + i] / N;
    }
    expect([target[0], target[4]]).toEqual([-1, -1]);
    // mean alpha_i / 8, variance mean (1 - mean) / 9, five standard errors
    [1 / 8, 2 / 8, 5 / 8].forEach((mean, i) => {
      expect(Math.abs(means[i] - mean)).toBeLessThan(5 * Math.sqrt((mean * (1 - mean)) / 9 / N));
    });
  });
});
