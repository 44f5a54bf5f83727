/**
 * Logits of arms that are known by their features: layout `chosen-arm`. The head's outputs are weights w and W, and an arm's logit is
 *     w . x + sum_{i <= j} W_ij x_i x_j
 * for its features x. So every arm is judged by one function, whatever its place and however many there are; linear in x is the estimate
 * that LinUCB and linear Thompson sampling compare arms by, and quadratic in x is the square of its uncertainty, x' V^-1 x.
 *
 * Shapes: d features of an arm, K = d + d (d + 1) / 2 weights: w, then the rows of W's upper triangle.
 */

/** K, weights of a function that scores arms of d features. */
export function armWeightCount(d: number): number {
  return d + (d * (d + 1)) / 2;
}

/** Scores arms by the weights from `weights[at]` on: writes to `scores` from `to` on. Shapes: arms [count, d] from `armsAt` on. */
export function scoreArms(
  scores: Float32Array | Float64Array,
  to: number,
  count: number,
  weights: ArrayLike<number>,
  at: number,
  arms: ArrayLike<number>,
  armsAt: number,
  d: number,
): void {
  for (let a = 0; a < count; a += 1) {
    const x = armsAt + a * d;
    let score = 0;
    let k = at + d;
    for (let i = 0; i < d; i += 1) {
      let sum = weights[at + i];
      for (let j = i; j < d; j += 1) {
        sum += weights[k] * arms[x + j];
        k += 1;
      }
      score += sum * arms[x + i];
    }
    scores[to + a] = score;
  }
}

/** The gradient of the weights, from that of the scores: writes [K] to `gradient` from `to` on. */
export function armWeightGradient(
  gradient: Float32Array,
  to: number,
  count: number,
  scores: ArrayLike<number>,
  at: number,
  arms: ArrayLike<number>,
  armsAt: number,
  d: number,
): void {
  gradient.fill(0, to, to + armWeightCount(d));
  for (let a = 0; a < count; a += 1) {
    const g = scores[at + a];
    const x = armsAt + a * d;
    let k = to + d;
    for (let i = 0; i < d; i += 1) {
      const gx = g * arms[x + i];
      gradient[to + i] += gx;
      for (let j = i; j < d; j += 1) {
        gradient[k] += gx * arms[x + j];
        k += 1;
      }
    }
  }
}

/** What each arm's features are multiplied by: themselves 1 and their products. Shapes: arms [n, d]; result [n, K]. */
export function armTerms(arms: ArrayLike<number>, d: number): Float32Array {
  const n = arms.length / d;
  const terms = new Float32Array(n * armWeightCount(d));
  let k = 0;
  for (let x = 0; x < arms.length; x += d) {
    for (let i = 0; i < d; i += 1) terms[k + i] = arms[x + i];
    k += d;
    for (let i = 0; i < d; i += 1) {
      for (let j = i; j < d; j += 1) {
        terms[k] = arms[x + i] * arms[x + j];
        k += 1;
      }
    }
  }
  return terms;
}
