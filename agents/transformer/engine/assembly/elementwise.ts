/** Loops over arrays, element by element, lengths multiples of 4 but for `padRows`: AssemblyScript, as text. */
import { TABLE_AT } from "./prelude.js";

/** The kernels, for rows of so many logits. */
export function elementwise(actions: number): string {
  return `
/** to [rows, wide] = from [length, narrow], zeros in what is more. */
export function padRows(from: usize, to: usize, length: usize, narrow: usize, rows: usize, wide: usize): void {
  memory.fill(to, 0, (rows * wide) << 2);
  for (let row: usize = 0; row < length; row += 1) {
    memory.copy(to, from, narrow << 2);
    from += narrow << 2;
    to += wide << 2;
  }
}

/** to = from. */
export function copy(from: usize, to: usize, n: usize): void {
  memory.copy(to, from, n << 2);
}

/** x = 0. */
export function clear(x: usize, n: usize): void {
  memory.fill(x, 0, n << 2);
}

/** x += y. */
export function add(x: usize, y: usize, n: usize): void {
  for (const stop = x + (n << 2); x < stop; x += 16, y += 16) v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
}

/**
 * to = x where a hash of (key, index) is at least the threshold of 2^24, times factor; else 0.
 * The hash is Wellons' lowbias32 of key + index.
 */
export function drop(x: usize, to: usize, n: usize, key: i32, threshold: i32, factor: f32): void {
  let index = i32x4.add(i32x4.splat(key), v128.load(${TABLE_AT.indices}));
  const scale = f32x4.splat(factor);
  for (const stop = x + (n << 2); x < stop; x += 16, to += 16) {
    let h = v128.xor(index, i32x4.shr_u(index, 16));
    h = i32x4.mul(h, i32x4.splat(0x7feb352d));
    h = v128.xor(h, i32x4.shr_u(h, 15));
    h = i32x4.mul(h, i32x4.splat(<i32>0x846ca68b));
    h = v128.xor(h, i32x4.shr_u(h, 16));
    const keeps = i32x4.ge_s(i32x4.shr_u(h, 8), i32x4.splat(threshold));
    v128.store(to, v128.and(f32x4.mul(v128.load(x), scale), keeps));
    index = i32x4.add(index, i32x4.splat(4));
  }
}

/** g += sum over the chunks' gradients, in their order: n elements from g on, the chunks' from \`chunks\` on, \`stride\` bytes apart. */
export function reduce(g: usize, chunks: usize, stride: usize, count: usize, n: usize): void {
  for (const stop = g + (n << 2); g < stop; g += 16, chunks += 16) {
    let sum = v128.load(g);
    let chunk = chunks;
    for (let c: usize = 0; c < count; c += 1) {
      sum = f32x4.add(sum, v128.load(chunk));
      chunk += stride;
    }
    v128.store(g, sum);
  }
}

/** Sum of squares, in double precision. */
export function squares(g: usize, n: usize): f64 {
  let sum = f64x2.splat(0);
  for (const stop = g + (n << 2); g < stop; g += 16) {
    const x = v128.load(g);
    const low = f64x2.promote_low_f32x4(x);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
    sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * AdamW, with d = scale g:  m = beta1 m + (1 - beta1) d;  v = beta2 v + (1 - beta2) d^2;
 * w = kept w - rate m / (correction sqrt(v) + epsilon);  g = 0.
 */
export function adamw(
  w: usize, m: usize, v: usize, g: usize, n: usize, scale: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  kept: f32, rate: f32, correction: f32, epsilon: f32,
): void {
  for (const stop = w + (n << 2); w < stop; w += 16, m += 16, v += 16, g += 16) {
    const d = f32x4.mul(f32x4.splat(scale), v128.load(g));
    const first = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(m)), f32x4.mul(f32x4.splat(rest1), d));
    const second = f32x4.add(
      f32x4.mul(f32x4.splat(beta2), v128.load(v)),
      f32x4.mul(f32x4.splat(rest2), f32x4.mul(d, d)),
    );
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(second), f32x4.splat(correction)), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.mul(first, f32x4.splat(rate)), root);
    v128.store(m, first);
    v128.store(v, second);
    v128.store(w, f32x4.sub(f32x4.mul(f32x4.splat(kept), v128.load(w)), step));
    v128.store(g, f32x4.splat(0));
  }
}

/**
 * Of each row the largest of its first \`present\` logits, the sum of exp(logit - largest) over them, and these shares of the sum; 0
 * beyond them. e^x is 2^(x / ln 2), with a polynomial as in the prelude's exp2, but of degree 5, to 1e-7.
 *
 * Shapes: logits, shares [rows, ${actions}]; largest, totals [rows].
 */
export function softmax(rows: usize, logits: usize, shares: usize, largest: usize, totals: usize, present: i32): void {
  const magic = f32x4.splat(12582912);
  for (let row: usize = 0; row < rows; row += 1) {
    let top = load<f32>(logits);
    for (let a = 1; a < present; a += 1) top = max(top, load<f32>(logits + (<usize>a << 2)));
    let total = f32x4.splat(0);
    for (let a = 0; a < ${actions}; a += 4) {
      const at = <usize>a << 2;
      const x = f32x4.mul(f32x4.sub(v128.load(logits + at), f32x4.splat(top)), f32x4.splat(1.4426950408889634));
      const y = f32x4.pmax(x, f32x4.splat(-63.5));
      const shifted = f32x4.add(y, magic);
      const f = f32x4.sub(y, f32x4.sub(shifted, magic));
      let p = madd(f, f32x4.splat(0.00132765), f32x4.splat(0.00967554));
      p = madd(p, f, f32x4.splat(0.05550713));
      p = madd(p, f, f32x4.splat(0.2402212));
      p = madd(p, f, f32x4.splat(0.69314697));
      p = madd(p, f, f32x4.splat(1.00000007));
      const e = i32x4.add(p, i32x4.shl(shifted, 23));
      const here = i32x4.lt_s(i32x4.add(i32x4.splat(a), v128.load(${TABLE_AT.indices})), i32x4.splat(present));
      const seen = v128.and(e, here);
      v128.store(shares + at, seen);
      total = f32x4.add(total, seen);
    }
    const sum = sum4(total);
    const scale = f32x4.splat(1 / sum);
    for (let at: usize = 0; at < ${actions * 4}; at += 16) v128.store(shares + at, f32x4.mul(v128.load(shares + at), scale));
    store<f32>(largest + (row << 2), top);
    store<f32>(totals + (row << 2), sum);
    logits += ${actions * 4};
    shares += ${actions * 4};
  }
}
`;
}
