import type { Rng } from "../../common/rng.js";
import { sampleGamma } from "./sample-gamma.js";

/**
 * A draw from Beta(a, b): density proportional to x^(a-1) (1-x)^(b-1).
 *
 * Three ways: by the inverse of the distribution function where a or b is 1; Cheng's rejection where both are above 1; else
 * as the share of one of two gamma draws.
 *
 * Source: Cheng (1978), "Generating beta variates with nonintegral shape parameters", algorithm BB.
 *
 * @param a positive
 * @param b positive
 */
export function sampleBeta(a: number, b: number, rng: Rng): number {
  if (b === 1) return rng.uniform() ** (1 / a);
  if (a === 1) return 1 - rng.uniform() ** (1 / b);
  if (a > 1 && b > 1) return sampleByRejection(a, b, rng);
  const x = sampleGamma(a, rng);
  const y = sampleGamma(b, rng);
  // Both underflow only for very small a and b, where the distribution is two points in all but name.
  return x + y > 0 ? x / (x + y) : rng.uniform() * (a + b) < a ? 1 : 0;
}

const LOG_4 = Math.log(4);
const ONE_PLUS_LOG_5 = 1 + Math.log(5);

function sampleByRejection(a: number, b: number, rng: Rng): number {
  const least = Math.min(a, b);
  const most = Math.max(a, b);
  const sum = a + b;
  const slope = Math.sqrt((sum - 2) / (2 * a * b - sum));
  const gamma = least + 1 / slope;
  for (;;) {
    const u1 = rng.uniform();
    const u2 = rng.uniform();
    const v = slope * Math.log(u1 / (1 - u1));
    const w = least * Math.exp(v);
    const z = u1 * u1 * u2;
    const r = gamma * v - LOG_4;
    const s = least + r - w;
    // The first test is a bound that saves the logarithms of the others.
    const t = s + ONE_PLUS_LOG_5 >= 5 * z ? -Infinity : Math.log(z);
    if (s >= t || r + sum * Math.log(sum / (most + w)) >= t) {
      return least === a ? w / (most + w) : most / (most + w);
    }
  }
}
