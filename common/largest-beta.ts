import { type Bells, probabilityOfLargest } from "./probability-of-largest.js";

/**
 * The probability of each of some independent Beta variables that it is the largest, written to `target`, summing to 1;
 * all NaN in the case, not met yet, that the quadrature does not agree with itself to 1e-8.
 *
 * Integrated over t = log(x / (1 - x)), on which the densities x^a (1 - x)^b / B(a, b) are smooth and one-peaked
 * whatever their parameters.
 *
 * Absolute error about 1e-12 for parameters up to 1,000, growing in proportion with the largest. Time: 5 variables 60 to
 * 130 microseconds, 10 about 140, 100 from 300 to 2,000, the most where all are wide.
 *
 * The last some ten thousand answers are remembered: posteriors of few pulls come back, in whatever order the variables stand. What is
 * computed is always the case with the variables in ascending order, so that an answer does not depend on what was asked before.
 *
 * Shapes: shapes [A, 2], the positive a and b of each variable; target [A].
 */
export function probabilityOfLargestBeta(shapes: Float64Array, target: Float64Array): void {
  const count = target.length;
  const order = ascending(shapes, count);
  let key = "";
  for (let i = 0; i < count; i++) key += `${shapes[2 * order[i]]},${shapes[2 * order[i] + 1]},`;
  let sorted = remembered.get(key);
  if (sorted === undefined) {
    sorted = new Float64Array(count);
    const sortedShapes = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) sortedShapes.set(shapes.subarray(2 * order[i], 2 * order[i] + 2), 2 * i);
    probabilityOfLargest(logitBells(sortedShapes), sorted);
    if (rememberedNumbers + count > MOST_REMEMBERED) {
      remembered.clear();
      rememberedNumbers = 0;
    }
    remembered.set(key, sorted);
    rememberedNumbers += count;
  }
  for (let i = 0; i < count; i++) target[order[i]] = sorted[i];
}

/** Numbers that are remembered, at most: with their keys some tens of megabytes. */
const MOST_REMEMBERED = 250_000;
const remembered = new Map<string, Float64Array>();
let rememberedNumbers = 0;

/** Indices of the variables by ascending a, then b; by insertion, as they are few and often in order. */
function ascending(shapes: Float64Array, count: number): Int32Array {
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let at = i;
    for (; at > 0 && isBefore(shapes, i, order[at - 1]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
  return order;
}

const isBefore = (shapes: Float64Array, i: number, j: number): boolean =>
  shapes[2 * i] < shapes[2 * j] || (shapes[2 * i] === shapes[2 * j] && shapes[2 * i + 1] < shapes[2 * j + 1]);

/** The density on its interval falls from its peak by a factor of e^34 = 6e14. */
const DROP = 34;

function logitBells(shapes: Float64Array): Bells {
  const count = shapes.length / 2;
  const left = new Float64Array(count);
  const right = new Float64Array(count);
  const width = new Float64Array(count);
  const logScale = new Float64Array(count); // - log B(a, b)
  for (let i = 0; i < count; i++) {
    const [a, b] = [shapes[2 * i], shapes[2 * i + 1]];
    width[i] = Math.sqrt(1 / a + 1 / b);
    const peak = a * Math.log(a / (a + b)) + b * Math.log(b / (a + b));
    // B(a, b) by Stirling's formula for its three gamma functions: none of their size is left to cancel.
    logScale[i] = -peak - Math.log(width[i]) - LOG_SQRT_2_PI - stirlingRest(a) - stirlingRest(b) + stirlingRest(a + b);
    left[i] = -fallTo(peak - DROP, b, a, width[i]);
    right[i] = fallTo(peak - DROP, a, b, width[i]);
  }
  let points: Float64Array;
  const softpluses = new Float64Array(64);
  return {
    left,
    right,
    width,
    moveTo(now) {
      points = now;
      for (let k = 0; k < now.length; k++) softpluses[k] = softplus(now[k]);
    },
    density(i, target) {
      const [a, sum, scale] = [shapes[2 * i], shapes[2 * i] + shapes[2 * i + 1], logScale[i]];
      for (let k = 0; k < points.length; k++) target[k] = Math.exp(scale + a * points[k] - sum * softpluses[k]);
    },
  };
}

/**
 * Where, right of its peak, a t - (a + b) log(1 + e^t) has fallen to `level`: Newton's method from outside, where it is
 * below its asymptote -b t, and from where it comes down to the root without passing it, as the function is concave.
 */
function fallTo(level: number, a: number, b: number, width: number): number {
  let t = -level / b;
  for (;;) {
    const slope = a - (a + b) / (1 + Math.exp(-t));
    const step = (a * t - (a + b) * softplus(t) - level) / slope;
    t -= step;
    if (!(Math.abs(step) > width / 8)) return t;
  }
}

/** log(1 + e^t) */
const softplus = (t: number): number => (t > 0 ? t + Math.log1p(Math.exp(-t)) : Math.log1p(Math.exp(t)));

const LOG_SQRT_2_PI = Math.log(2 * Math.PI) / 2;

/**
 * What Stirling's formula (z - 1/2) log z - z + log sqrt(2 pi) lacks of log Gamma(z).
 *
 * Source: Abramowitz & Stegun (1964), 6.1.41, from z = 10 on; below, by the recurrence of Gamma.
 */
function stirlingRest(z: number): number {
  let rest = 0;
  while (z < 10) {
    rest += (z + 0.5) * Math.log1p(1 / z) - 1;
    z += 1;
  }
  const u = 1 / (z * z);
  return rest + (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - (u * 691) / 360360))))) / z;
}
