/**
 * Ridge regression seen from a fixed set of arms: the estimate m_a = x_a . theta and the squared width q_a = x_a' V^-1 x_a of
 * every arm, brought up to date after each reward in O(d^2 + A d) instead of computed anew in O(A d^2).
 *
 * With V = ridge I + sum x x', theta = V^-1 sum r x, the arm k just played, its reward r, and before the update
 * u = V^-1 x_k, c = 1 / (1 + q_k), g_a = x_a . u:
 *
 *   m_a += c (r - m_k) g_a       q_a -= c g_a^2       V^-1 -= c u u'
 *
 * which follow from Sherman & Morrison (1950). The same pass finds the arm of the largest m_a + alpha sqrt(q_a), the next
 * optimistic choice.
 *
 * A kernel is made per shape and shared by all policies of that shape. Small shapes get one whose loops are written out (178 ns
 * against 450 to 700 for d = 5, A = 10): the same operations in the same order, so the same results to the last bit.
 *
 * Shapes: A arms, d features; a state is one array: V^-1's upper triangle by rows [d (d + 1) / 2], then for each arm its
 * record x_a [d], q_a, m_a.
 */
import { packedArrays } from "./packed-arrays.js";

/** What a shape's kernel can do with the state of one regression. */
export interface ArmRidge {
  /** A new state that has seen no reward; the arms (row-major [A, d]) are copied. */
  start(arms: Float32Array, ridge: number): Float64Array;
  /** The arm of the largest m_a + alpha sqrt(q_a), lowest index on ties. */
  optimistic(state: Float64Array, alpha: number): number;
  /** Takes in the reward of an arm and returns what `optimistic` would now. */
  learn(state: Float64Array, arm: number, reward: number, alpha: number): number;
}

type Learn = ArmRidge["learn"];

/** Most terms A d that are written out; beyond it the code outgrows what it saves. */
const MOST_TERMS = 512;

const kernels = new Map<string, ArmRidge>();

/** The kernel of a shape, made once. */
export function armRidge(dim: number, numArms: number): ArmRidge {
  const shape = `${dim},${numArms}`;
  let kernel = kernels.get(shape);
  if (kernel === undefined) {
    kernel = makeKernel(dim, numArms, unrolledLearn(dim, numArms) ?? loopedLearn(dim, numArms));
    kernels.set(shape, kernel);
  }
  return kernel;
}

/** The kernel of a shape with plain loops only, for shapes of any size and to test the other. */
export function loopedArmRidge(dim: number, numArms: number): ArmRidge {
  return makeKernel(dim, numArms, loopedLearn(dim, numArms));
}

/** Elements of V^-1's upper triangle, where the arms' records begin. */
const triangle = (dim: number): number => (dim * (dim + 1)) / 2;

function makeKernel(dim: number, numArms: number, learn: Learn): ArmRidge {
  const arms0 = triangle(dim);
  const stride = dim + 2;
  const newState = packedArrays(arms0 + numArms * stride);
  return {
    learn,
    start(arms, ridge) {
      const state = newState();
      for (let i = 0, diagonal = 0; i < dim; i++) {
        state[diagonal] = 1 / ridge;
        diagonal += dim - i;
      }
      for (let a = 0; a < numArms; a++) {
        const record = arms0 + a * stride;
        let norm = 0;
        for (let i = 0; i < dim; i++) {
          const x = arms[a * dim + i];
          state[record + i] = x;
          norm += x * x;
        }
        state[record + dim] = norm / ridge;
      }
      return state;
    },
    optimistic(state, alpha) {
      let best = -Infinity;
      let choice = 0;
      for (let a = 0, record = arms0; a < numArms; a++, record += stride) {
        const value = state[record + dim + 1] + alpha * Math.sqrt(Math.abs(state[record + dim]));
        if (value > best) {
          best = value;
          choice = a;
        }
      }
      return choice;
    },
  };
}

/** `learn` as loops. Rounding can leave a vanishing q_a just below 0, hence the absolute value. */
function loopedLearn(dim: number, numArms: number): Learn {
  const arms0 = triangle(dim);
  const stride = dim + 2;
  const u = new Float64Array(dim);
  return (state, arm, reward, alpha) => {
    const played = arms0 + arm * stride;
    const c = 1 / (1 + state[played + dim]);
    const e = c * (reward - state[played + dim + 1]);
    for (let i = 0; i < dim; i++) {
      let sum = 0;
      // Element (i, j) of the triangle, j <= i down column i first, then along row i.
      for (let j = 0, at = i; j < dim; j++) {
        sum += state[at] * state[played + j];
        at += j < i ? dim - j - 1 : 1;
      }
      u[i] = sum;
    }
    for (let i = 0, at = 0; i < dim; i++) {
      const f = c * u[i];
      for (let j = i; j < dim; j++, at++) state[at] -= f * u[j];
    }
    let best = -Infinity;
    let choice = 0;
    for (let a = 0, record = arms0; a < numArms; a++, record += stride) {
      let g = 0;
      for (let i = 0; i < dim; i++) g += state[record + i] * u[i];
      const q = state[record + dim] - c * g * g;
      const m = state[record + dim + 1] + e * g;
      state[record + dim] = q;
      state[record + dim + 1] = m;
      const value = m + alpha * Math.sqrt(Math.abs(q));
      if (value > best) {
        best = value;
        choice = a;
      }
    }
    return choice;
  };
}

/** `learn` with its loops written out, or undefined where the shape is large or the process may not make code. */
function unrolledLearn(dim: number, numArms: number): Learn | undefined {
  if (numArms * dim > MOST_TERMS || dim * dim > MOST_TERMS) return undefined;
  const arms0 = triangle(dim);
  const stride = dim + 2;
  const features = Array.from({ length: dim }, (_, i) => i);
  const v = (i: number, j: number): string => `v${Math.min(i, j)}_${Math.max(i, j)}`;
  const lines = [
    `const played = ${arms0} + arm * ${stride};`,
    `const c = 1 / (1 + state[played + ${dim}]), e = c * (reward - state[played + ${dim + 1}]);`,
    ...features.map((i) => `const x${i} = state[played + ${i}];`),
  ];
  const upper = features.flatMap((i) => features.slice(i).map((j) => [i, j] as const));
  lines.push(...upper.map(([i, j], at) => `const ${v(i, j)} = state[${at}];`));
  lines.push(...features.map((i) => `const u${i} = ${features.map((j) => `${v(i, j)} * x${j}`).join(" + ")};`));
  lines.push(...features.map((i) => `const f${i} = c * u${i};`));
  lines.push(...upper.map(([i, j], at) => `state[${at}] = ${v(i, j)} - f${i} * u${j};`));
  lines.push("let g, q, m, value, best = -Infinity, choice = 0;");
  for (let a = 0; a < numArms; a++) {
    const record = arms0 + a * stride;
    lines.push(
      `g = ${features.map((i) => `state[${record + i}] * u${i}`).join(" + ")};`,
      `q = state[${record + dim}] - c * g * g; state[${record + dim}] = q;`,
      `m = state[${record + dim + 1}] + e * g; state[${record + dim + 1}] = m;`,
      `value = m + alpha * Math.sqrt(Math.abs(q)); if (value > best) { best = value; choice = ${a}; }`,
    );
  }
  lines.push("return choice;");
  try {
    return new Function("state", "arm", "reward", "alpha", lines.join("\n")) as Learn;
  } catch (error) {
    if (error instanceof EvalError) return undefined; // --disallow-code-generation-from-strings
    throw error;
  }
}
