import type { Rng } from "../../common/rng.js";

/**
 * A draw from Gamma(shape, scale 1): density x^(shape-1) e^-x / Gamma(shape).
 *
 * Below 1, by Gamma(shape) = Gamma(shape + 1) U^(1/shape); a very small shape may underflow to 0.
 *
 * Source: Marsaglia & Tsang (2000), "A simple method for generating gamma variables".
 *
 * @param shape positive
 */
export function sampleGamma(shape: number, rng: Rng): number {
  if (shape === 1) return -Math.log(rng.uniform());
  if (shape < 1) return sampleGamma(shape + 1, rng) * rng.uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = rng.uniform();
    const xx = x * x;
    if (u < 1 - 0.0331 * xx * xx) return d * v;
    if (Math.log(u) < 0.5 * xx + d * (1 - v + Math.log(v))) return d * v;
  }
}
