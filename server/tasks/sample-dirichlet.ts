import type { Rng } from "../../common/rng.js";
import { sampleLogGamma } from "./sample-gamma.js";

/**
 * Writes a draw of the symmetric Dirichlet(concentration) law into target[offset .. offset + count): gammas over
 * their sum. For concentration 1 the gammas are -log of one uniform each; for others they are worked in logarithms,
 * less the largest, so that small concentrations do not give 0 / 0.
 */
export function sampleDirichlet(
  rng: Rng,
  concentration: number,
  target: Float64Array,
  offset: number,
  count: number,
): void {
  const end = offset + count;
  if (concentration === 1) {
    for (let i = offset; i < end; i++) target[i] = -Math.log(rng.uniform());
  } else {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = offset; i < end; i++) {
      target[i] = sampleLogGamma(rng, concentration);
      if (target[i] > largest) largest = target[i];
    }
    for (let i = offset; i < end; i++) target[i] = Math.exp(target[i] - largest);
  }
  let sum = 0;
  for (let i = offset; i < end; i++) sum += target[i];
  for (let i = offset; i < end; i++) target[i] /= sum;
}
