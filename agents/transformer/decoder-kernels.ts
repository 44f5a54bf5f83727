/**
 * The loops in which the decoder spends its time. Sums are kept four at a time: a processor adds them at once, where one sum waits for
 * itself. Nothing is allocated.
 */

/** A weight and what is added: of a linear map, [out, in] and [out]; of a norm, [D] and [D]. */
export interface Affine {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** Of a layer norm, as PyTorch's. */
const EPSILON = 1e-5;

/** target += terms. */
export function add(target: Float64Array, terms: Float64Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] += terms[i];
}

/** Layer norm; `target` may be `x`. */
export function normalise(target: Float64Array, x: Float64Array, { weight, bias }: Affine): void {
  const n = x.length;
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += x[i];
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i += 1) squares += (x[i] - mean) * (x[i] - mean);
  const scale = 1 / Math.sqrt(squares / n + EPSILON);
  for (let i = 0; i < n; i += 1) target[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

/** target = W x + b, four rows at a time: their sums do not wait for each other, and share the loads of x. */
export function multiply(target: Float64Array, { weight, bias }: Affine, x: Float64Array): void {
  const rows = target.length;
  const cols = x.length;
  let row = 0;
  for (; row + 3 < rows; row += 4) {
    const at0 = row * cols;
    const at1 = at0 + cols;
    const at2 = at1 + cols;
    const at3 = at2 + cols;
    let s0 = bias[row];
    let s1 = bias[row + 1];
    let s2 = bias[row + 2];
    let s3 = bias[row + 3];
    for (let i = 0; i < cols; i += 1) {
      const xi = x[i];
      s0 += weight[at0 + i] * xi;
      s1 += weight[at1 + i] * xi;
      s2 += weight[at2 + i] * xi;
      s3 += weight[at3 + i] * xi;
    }
    target[row] = s0;
    target[row + 1] = s1;
    target[row + 2] = s2;
    target[row + 3] = s3;
  }
  for (; row < rows; row += 1) {
    let sum = bias[row];
    for (let i = 0; i < cols; i += 1) sum += weight[row * cols + i] * x[i];
    target[row] = sum;
  }
}

/** Indices of what is not zero; only within addSparseProduct. */
let active = new Int32Array(256);

/**
 * target += W x for an x with many zeros, whose columns of W are left out; four columns at a time.
 *
 * Shapes: target [D], weight [n, D] is W transposed, x [n].
 */
export function addSparseProduct(target: Float64Array, weight: Float64Array, x: Float64Array): void {
  if (active.length < x.length) active = new Int32Array(x.length);
  const width = target.length;
  let count = 0;
  for (let i = 0; i < x.length; i += 1) {
    active[count] = i;
    if (x[i] !== 0) count += 1;
  }
  let k = 0;
  for (; k + 3 < count; k += 4) {
    const at0 = active[k] * width;
    const at1 = active[k + 1] * width;
    const at2 = active[k + 2] * width;
    const at3 = active[k + 3] * width;
    const x0 = x[active[k]];
    const x1 = x[active[k + 1]];
    const x2 = x[active[k + 2]];
    const x3 = x[active[k + 3]];
    for (let i = 0; i < width; i += 1) {
      target[i] += weight[at0 + i] * x0 + weight[at1 + i] * x1 + (weight[at2 + i] * x2 + weight[at3 + i] * x3);
    }
  }
  for (; k < count; k += 1) {
    const at = active[k] * width;
    const xk = x[active[k]];
    for (let i = 0; i < width; i += 1) target[i] += weight[at + i] * xk;
  }
}

/**
 * scores[j] += q . key_j, with four members of q held at a time.
 *
 * Shapes: q [column .. column + n), keys [seen, stride] from `at`.
 */
export function addKeyProducts(
  scores: Float64Array,
  q: Float64Array,
  column: number,
  n: number,
  keys: Float32Array,
  at: number,
  seen: number,
  stride: number,
): void {
  let c = 0;
  for (; c + 3 < n; c += 4) {
    const q0 = q[column + c];
    const q1 = q[column + c + 1];
    const q2 = q[column + c + 2];
    const q3 = q[column + c + 3];
    let key = at + c;
    for (let j = 0; j < seen; j += 1) {
      scores[j] += q0 * keys[key] + q1 * keys[key + 1] + (q2 * keys[key + 2] + q3 * keys[key + 3]);
      key += stride;
    }
  }
  for (; c < n; c += 1) {
    const qc = q[column + c];
    for (let j = 0; j < seen; j += 1) scores[j] += qc * keys[at + j * stride + c];
  }
}

/**
 * mixed[column + c] = scale sum_j scores[j] value_j[c].
 *
 * Shapes: n members of mixed, values [seen, stride] from `at`.
 */
export function mixValues(
  mixed: Float64Array,
  column: number,
  n: number,
  scores: Float64Array,
  scale: number,
  values: Float32Array,
  at: number,
  seen: number,
  stride: number,
): void {
  let c = 0;
  for (; c + 3 < n; c += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let value = at + c;
    for (let j = 0; j < seen; j += 1) {
      const score = scores[j];
      s0 += score * values[value];
      s1 += score * values[value + 1];
      s2 += score * values[value + 2];
      s3 += score * values[value + 3];
      value += stride;
    }
    mixed[column + c] = s0 * scale;
    mixed[column + c + 1] = s1 * scale;
    mixed[column + c + 2] = s2 * scale;
    mixed[column + c + 3] = s3 * scale;
  }
  for (; c < n; c += 1) {
    let sum = 0;
    for (let j = 0; j < seen; j += 1) sum += scores[j] * values[at + j * stride + c];
    mixed[column + c] = sum * scale;
  }
}

/** scores[j] = exp(scores[j] - their maximum); returns 1 over their sum. */
export function exponentiate(scores: Float64Array, seen: number): number {
  let largest = -Infinity;
  for (let j = 0; j < seen; j += 1) if (scores[j] > largest) largest = scores[j];
  let sum = 0;
  for (let j = 0; j < seen; j += 1) {
    const weight = Math.exp(scores[j] - largest);
    scores[j] = weight;
    sum += weight;
  }
  return 1 / sum;
}

/** scores[j] = max(scores[j], 0); returns 1 over their number. */
export function rectify(scores: Float64Array, seen: number): number {
  for (let j = 0; j < seen; j += 1) if (scores[j] < 0) scores[j] = 0;
  return 1 / seen;
}
