/** Points and weights on [-1, 1] from which polynomials are integrated exactly. */
export interface GaussLegendre {
  /** Ascending, inside (-1, 1), [n]. */
  readonly nodes: Float64Array;
  /** Integral over [-1, 1] of f is sum_j weights_j f(nodes_j), exactly for degrees up to 2 n - 1, [n]. */
  readonly weights: Float64Array;
  /**
   * Integral from nodes_i to 1 of f is sum_j tails_ji f(nodes_j), exactly for degrees up to n - 1, row-major [n, n]: the
   * integral of the polynomial that goes through the points.
   */
  readonly tails: Float64Array;
}

/**
 * The Gauss-Legendre rule of n points, and with the same points the integrals from each of them to the end.
 *
 * The polynomial through the points is sum_k c_k P_k with c_k = (2 k + 1) / 2 sum_j w_j P_k(x_j) f(x_j), and
 * the integral of P_k from x to 1 is (P_{k-1}(x) - P_{k+1}(x)) / (2 k + 1).
 *
 * Source: Abramowitz & Stegun (1964), 25.4.29 (nodes, weights) and 8.5.3 (recurrence); nodes by Newton's method.
 */
export function gaussLegendre(n: number): GaussLegendre {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  const values = new Float64Array(n * (n + 2)); // P_0 .. P_{n+1} at each node
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < 8; round++) {
      const [value, below] = legendre(n, x);
      slope = (n * (below - x * value)) / (1 - x * x);
      x -= value / slope;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
    for (let k = 0; k < n + 2; k++) values[i * (n + 2) + k] = legendre(k, x)[0];
  }
  const tails = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [at, from] = [i * (n + 2), j * (n + 2)];
      let sum = 1 - nodes[i];
      for (let k = 1; k < n; k++) sum += values[from + k] * (values[at + k - 1] - values[at + k + 1]);
      tails[j * n + i] = (weights[j] / 2) * sum;
    }
  }
  return { nodes, weights, tails };
}

/** P_n(x) and P_{n-1}(x). */
function legendre(n: number, x: number): [number, number] {
  let [value, below] = [1, 0];
  for (let k = 1; k <= n; k++) [value, below] = [((2 * k - 1) * x * value - (k - 1) * below) / k, value];
  return [value, below];
}
