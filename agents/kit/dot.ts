/**
 * sum_i rows[offset + i] x_i, in four sums side by side: a processor adds them at once, where one sum waits for itself.
 *
 * Shapes: rows [offset .. offset + n), x [n].
 */
export function dot(rows: Float64Array, offset: number, x: Float64Array): number {
  const n = x.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    const at = offset + i;
    s0 += rows[at] * x[i];
    s1 += rows[at + 1] * x[i + 1];
    s2 += rows[at + 2] * x[i + 2];
    s3 += rows[at + 3] * x[i + 3];
  }
  for (; i < n; i++) s0 += rows[offset + i] * x[i];
  return s0 + s1 + (s2 + s3);
}
