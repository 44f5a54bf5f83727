/**
 * The lower triangle L with L L' = V, for a symmetric positive definite V: made, brought up to date, and solved with.
 *
 * Shapes: lower [d, d] row-major, zero above the diagonal; vectors [d].
 */

/**
 * L of V, written to `lower` (which may be `matrix`).
 *
 * Source: Golub & Van Loan (2013), section 4.2.
 */
export function cholesky(matrix: Float64Array, d: number, lower: Float64Array): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * d + j];
      for (let k = 0; k < j; k++) sum -= lower[i * d + k] * lower[j * d + k];
      lower[i * d + j] = i === j ? Math.sqrt(sum) : sum / lower[j * d + j];
    }
    for (let j = i + 1; j < d; j++) lower[i * d + j] = 0;
  }
}

/**
 * Turns L of V into L of V + x x', in O(d^2). `x` is used up.
 *
 * Source: Gill, Golub, Murray & Saunders (1974), by Givens rotations.
 */
export function addRankOneToCholesky(lower: Float64Array, x: Float64Array): void {
  const d = x.length;
  for (let k = 0; k < d; k++) {
    const diagonal = lower[k * d + k];
    const radius = Math.sqrt(diagonal * diagonal + x[k] * x[k]);
    const cosine = radius / diagonal;
    const sine = x[k] / diagonal;
    lower[k * d + k] = radius;
    for (let i = k + 1; i < d; i++) {
      const below = (lower[i * d + k] + sine * x[i]) / cosine;
      x[i] = cosine * x[i] - sine * below;
      lower[i * d + k] = below;
    }
  }
}

/** Solves L y = b in place: `b` becomes y. */
export function solveLower(lower: Float64Array, b: Float64Array): void {
  const d = b.length;
  for (let i = 0; i < d; i++) {
    let sum = b[i];
    for (let j = 0; j < i; j++) sum -= lower[i * d + j] * b[j];
    b[i] = sum / lower[i * d + i];
  }
}

/** Solves L' y = b in place: `b` becomes y. */
export function solveLowerTransposed(lower: Float64Array, b: Float64Array): void {
  const d = b.length;
  for (let i = d - 1; i >= 0; i--) {
    let sum = b[i];
    for (let j = i + 1; j < d; j++) sum -= lower[j * d + i] * b[j];
    b[i] = sum / lower[i * d + i];
  }
}
