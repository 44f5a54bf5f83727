/**
 * Inverse of a symmetric matrix after a rank-one addition, in O(d^2):
 *
 *   (V + x x')^-1 = V^-1 - c u u'   with   u = V^-1 x   and   c = 1 / (1 + x . u)
 *
 * `inverse` is changed in place; `gain` receives c u = (V + x x')^-1 x, the step that least squares takes for one unit of
 * prediction error at x.
 *
 * Shapes: inverse [d, d] symmetric, x [d], gain [d].
 * Source: Sherman & Morrison (1950).
 */
export function addRankOneToInverse(inverse: Float64Array, x: Float64Array, gain: Float64Array): void {
  const d = x.length;
  let xu = 0;
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += inverse[i * d + j] * x[j];
    gain[i] = sum;
    xu += x[i] * sum;
  }
  const c = 1 / (1 + xu);
  // Both halves of the symmetric matrix get the same product, so it stays symmetric to the last bit.
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const change = c * (gain[i] * gain[j]);
      inverse[i * d + j] -= change;
      if (j < i) inverse[j * d + i] -= change;
    }
  }
  for (let i = 0; i < d; i++) gain[i] *= c;
}
