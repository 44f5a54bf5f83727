import type { Rng } from "../../common/rng.js";
import { sampleLogGamma } from "./sample-gamma.js";

/**
 * A Beta(alpha, beta) draw: X / (X + Y) of two gammas, worked in logarithms so that small shapes do not give 0 / 0.
 * Beta(1, 1) is exactly one `rng.uniform()`.
 */
export function sampleBeta(rng: Rng, alpha: number, beta: number): number {
  if (alpha === 1 && beta === 1) return rng.uniform();
  const logX = sampleLogGamma(rng, alpha);
  const logY = sampleLogGamma(rng, beta);
  return 1 / (1 + Math.exp(logY - logX));
}
