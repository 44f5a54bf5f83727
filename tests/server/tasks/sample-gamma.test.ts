import { expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { sampleLogGamma } from "#icrl/server/tasks/sample-gamma.js";
import { sampleMoments } from "./sample-moments.js";

test.each([0.2, 0.9, 1, 2.5, 40])(
  "exp of a log-gamma draw of shape %d has mean and variance of that shape",
  (shape) => {
    const rng = rngFromSeed(17n);
    const n = 150_000;
    const sample = sampleMoments(Float64Array.from({ length: n }, () => Math.exp(sampleLogGamma(rng, shape))));
    // Gamma(k): mean k, variance k, fourth central moment 3 k^2 + 6 k; so a sample's variance has variance (2 k^2 + 6 k) / n.
    expect(Math.abs(sample.mean - shape)).toBeLessThan(4 * Math.sqrt(shape / n));
    expect(Math.abs(sample.variance - shape)).toBeLessThan(4 * Math.sqrt((2 * shape * shape + 6 * shape) / n));
  },
);
