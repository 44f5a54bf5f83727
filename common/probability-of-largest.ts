import { gaussLegendre } from "./gauss-legendre.js";

/** Independent random variables with smooth one-peaked densities on a common axis. */
export interface Bells {
  /** Ends of the interval outside of which a variable is with a chance below 1e-13, [A]. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  /** Length over which a density changes by a factor of about e^(1/2) near its peak (a normal's standard deviation), [A]. */
  readonly width: Float64Array;
  /** Says where densities are asked for next. */
  moveTo(points: Float64Array): void;
  /** Writes the density of variable `index` at each of the points. */
  density(index: number, target: Float64Array): void;
}

/** Points of a panel. */
const N = 16;
/** Length of a panel in widths of the narrowest density on it. */
const SPAN = 2.5;
const { nodes, weights, tails } = gaussLegendre(N);

const points = new Float64Array(N);
const density = new Float64Array(N);
const tail = new Float64Array(N);
const product = new Float64Array(N);
let scratch = {
  size: 0,
  active: new Int32Array(0),
  above: new Float64Array(0),
  f: product,
  cdf: product,
  rest: product,
};

/**
 * The probability of each of some independent random variables that it is the largest,
 *
 *   P_a = integral f_a(x) prod_{b != a} F_b(x) dx
 *
 * written to `target`, summing to 1. The axis is walked from right to left in panels as long as the narrowest density
 * there allows; on each, f is taken at Gauss-Legendre points and F is had from the same values, as 1 less the integral of
 * their polynomial over all that lies to the right. So one value of f is all that a point costs. The walk ends where
 * some F is as good as 0.
 *
 * Absolute error about 1e-12, as long as f is exact to that. Probabilities below 1e-13 may come as 0.
 *
 * Shapes: A variables; target [A]. Time O(A) a point, some hundreds of points.
 *
 * @returns whether the probabilities summed to 1 within 1e-8 before they were made to; if not, target is all NaN
 */
export function probabilityOfLargest(bells: Bells, target: Float64Array): boolean {
  const { left, right } = bells;
  const count = target.length;
  if (scratch.size < count) scratch = scratchFor(count);
  const { active, above, f, cdf, rest } = scratch;
  above.fill(0, 0, count); // chance of being to the right of the walk so far
  target.fill(0);
  const end = left.reduce((most, x) => Math.max(most, x), -Infinity);
  let from = right.reduce((most, x) => Math.max(most, x), -Infinity);
  while (from > end) {
    const to = Math.max(end, panelEnd(bells, from, count));
    const half = (from - to) / 2;
    for (let i = 0; i < N; i++) points[i] = to + half * (1 + nodes[i]);
    bells.moveTo(points);

    let numActive = 0;
    product.fill(1);
    for (let a = 0; a < count; a++) {
      if (right[a] <= to) continue; // all of it is to the left: f = 0, F = 1
      const at = numActive * N;
      active[numActive++] = a;
      bells.density(a, density);
      for (let i = 0; i < N; i += 4) writeFourTails(i);
      let mass = 0;
      for (let i = 0; i < N; i++) {
        const weighted = half * weights[i] * density[i];
        mass += weighted;
        f[at + i] = weighted;
        cdf[at + i] = Math.max(0, 1 - above[a] - half * tail[i]);
        rest[at + i] = product[i]; // F of those before it
        product[i] *= cdf[at + i];
      }
      above[a] += mass;
    }
    product.fill(1);
    for (let k = numActive - 1; k >= 0; k--) {
      let sum = 0;
      for (let i = 0, at = k * N; i < N; i++, at++) {
        sum += f[at] * rest[at] * product[i];
        product[i] *= cdf[at];
      }
      target[active[k]] += sum;
    }
    from = to;
  }
  return normalise(target);
}

/** Integrals of the density's polynomial from points i to i + 3 to the panel's right end, of length 2. Most of the time is spent here. */
function writeFourTails(i: number): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let j = 0, t = i; j < N; j++, t += N) {
    const value = density[j];
    s0 += tails[t] * value;
    s1 += tails[t + 1] * value;
    s2 += tails[t + 2] * value;
    s3 += tails[t + 3] * value;
  }
  tail[i] = s0;
  tail[i + 1] = s1;
  tail[i + 2] = s2;
  tail[i + 3] = s3;
}

/** Where the panel that begins (on its right) at `from` ends. */
function panelEnd({ right, width }: Bells, from: number, count: number): number {
  let length = Infinity;
  for (let a = 0; a < count; a++) if (right[a] >= from) length = Math.min(length, SPAN * width[a]);
  let end = from - length;
  for (let a = 0; a < count; a++) {
    // It begins within the panel and is too narrow for it: stop where it begins, or go as far as it allows.
    if (right[a] < from && right[a] > end) end = Math.max(end, Math.min(right[a], from - SPAN * width[a]));
  }
  return end;
}

function normalise(target: Float64Array): boolean {
  let sum = 0;
  for (let a = 0; a < target.length; a++) sum += target[a];
  const isSound = Math.abs(sum - 1) < 1e-8;
  for (let a = 0; a < target.length; a++) target[a] = isSound ? target[a] / sum : Number.NaN;
  return isSound;
}

const scratchFor = (size: number): typeof scratch => ({
  size,
  active: new Int32Array(size),
  above: new Float64Array(size),
  f: new Float64Array(size * N),
  cdf: new Float64Array(size * N),
  rest: new Float64Array(size * N),
});
