/** What a compiled module exports. Arguments are addresses in bytes, and lengths; the formulas stand with the kernels. */

/** y = end(start + x W'). */
type ProductKernel = (rows: number, x: number, w: number, bias: number, y: number, extra: number) => void;
/** dw += dy' x; db += sum of dy. */
type GradientKernel = (rows: number, dy: number, x: number, dw: number, db: number) => void;
type NormKernel = (rows: number, x: number, w: number, b: number, y: number, hat: number, scales: number) => void;
type NormGradientKernel = (
  rows: number,
  dy: number,
  hat: number,
  scales: number,
  w: number,
  dx: number,
  dw: number,
  db: number,
) => void;

/** Kernels of one shape. */
export interface Kernels {
  padRows(from: number, to: number, length: number, narrow: number, rows: number, wide: number): void;
  copy(from: number, to: number, n: number): void;
  clear(x: number, n: number): void;
  add(x: number, y: number, n: number): void;
  drop(x: number, to: number, n: number, key: number, threshold: number, factor: number): void;
  reduce(g: number, chunks: number, stride: number, count: number, n: number): void;
  squares(g: number, n: number): number;
  adamw(
    w: number,
    m: number,
    v: number,
    g: number,
    n: number,
    ...constants: [
      scale: number,
      beta1: number,
      rest1: number,
      beta2: number,
      rest2: number,
      kept: number,
      rate: number,
      correction: number,
      epsilon: number,
    ]
  ): void;
  softmax(rows: number, logits: number, shares: number, largest: number, totals: number, present: number): void;
  packOut(w: number, to: number, outer: number, inner: number): void;
  packIn(w: number, to: number, outer: number, inner: number): void;
  embed: ProductKernel;
  qkv: ProductKernel;
  out: ProductKernel;
  up: ProductKernel;
  down: ProductKernel;
  head: ProductKernel;
  headIn: ProductKernel;
  downIn: ProductKernel;
  upIn: ProductKernel;
  outIn: ProductKernel;
  qkvIn: ProductKernel;
  embedGradient: GradientKernel;
  qkvGradient: GradientKernel;
  outGradient: GradientKernel;
  upGradient: GradientKernel;
  downGradient: GradientKernel;
  headGradient: GradientKernel;
  norm: NormKernel;
  finalNorm: NormKernel;
  normGradient: NormGradientKernel;
  finalNormGradient: NormGradientKernel;
  transpose(rows: number, k: number, keys: number): void;
  attentionWeights(rows: number, q: number, keys: number, E: number, f: number, slope: number): void;
  attentionOutput(rows: number, E: number, f: number, v: number, o: number): void;
  attentionScale(rows: number, p: number, f: number, o: number, corrections: number): void;
  attentionQueryGradient(
    rows: number,
    E: number,
    p: number,
    values: number,
    corrections: number,
    k: number,
    ds: number,
    dq: number,
  ): void;
  attentionColumnSums(rows: number, E: number, x: number, to: number, factor: number): void;
  /** Of shapes with rotary positions alone, as is the next. */
  rotate(rows: number, x: number, table: number): void;
  rotateBack(rows: number, dx: number, table: number): void;
}
