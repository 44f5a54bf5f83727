import type { Rng } from "../../common/rng.js";
import { sampleGamma } from "./sample-gamma.js";

/**
 * A draw from Dirichlet(alpha), written to `target`: non-negative, summing to 1. Independent gammas, normalised.
 *
 * Shapes: alpha and target [offset .. offset + count); they may be one array. Each alpha is positive.
 * Source: Devroye (1986), chapter XI, theorem 4.1.
 */
export function sampleDirichlet(
  alpha: Float64Array,
  target: Float64Array,
  offset: number,
  count: number,
  rng: Rng,
): void {
  let sum = 0;
  for (let i = offset; i < offset + count; i++) {
    target[i] = sampleGamma(alpha[i], rng);
    sum += target[i];
  }
  for (let i = offset; i < offset + count; i++) target[i] /= sum;
}
