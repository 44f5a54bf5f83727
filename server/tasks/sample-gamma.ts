import type { Rng } from "../../common/rng.js";

/**
 * The logarithm of a Gamma(shape, 1) draw, shape > 0. Takes a normal and a uniform for each attempt (about 1.05 of
 * them), and for shape < 1 first one more uniform: Gamma(a) = Gamma(a + 1) U^(1/a).
 *
 * Source: Marsaglia & Tsang (2000), "A simple method for generating gamma variables", with its exact acceptance test
 * alone.
 */
export function sampleLogGamma(rng: Rng, shape: number): number {
  if (shape < 1) {
    const logPower = Math.log(rng.uniform()) / shape;
    return logPower + sampleLogGamma(rng, shape + 1);
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const u = rng.uniform();
    const t = 1 + c * x;
    if (t <= 0) continue;
    const v = t * t * t;
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d) + Math.log(v);
  }
}
