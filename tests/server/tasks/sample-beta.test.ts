import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { sampleBeta } from "#icrl/server/tasks/sample-beta.js";

test("a Beta draw is below x as often as its distribution function says", () => {
  const rng = rngFromSeed(18n);
  const n = 40_000;
  // By hand: Beta(2, 1) has F(x) = x^2; Beta(1/2, 1/2), the arcsine law, F(x) = (2 / pi) asin sqrt x.
  const laws = [
    { alpha: 2, beta: 1, cdf: (x: number) => x * x },
    { alpha: 0.5, beta: 0.5, cdf: (x: number) => (2 / Math.PI) * Math.asin(Math.sqrt(x)) },
  ];
  for (const { alpha, beta, cdf } of laws) {
    const draws = Array.from({ length: n }, () => sampleBeta(rng, alpha, beta));
    for (const x of [0.05, 0.3, 0.5, 0.9]) {
      const share = draws.filter((draw) => draw < x).length / n;
      expect(Math.abs(share - cdf(x))).toBeLessThan(4 * Math.sqrt((cdf(x) * (1 - cdf(x))) / n));
    }
  }
});
