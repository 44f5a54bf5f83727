/**
 * Products of a sequence's rows with weights, and the weights' gradients: AssemblyScript, as text. All are tiles of 4 rows and 8
 * columns, whose 8 sums are in registers. The innermost loop is one step of the sum a turn: unrolled, V8 makes it three times slower.
 */

/** Where an array has its elements. */
export interface Strided {
  /** From one row to the next. */
  readonly stride: number;
}

/** Bytes of a block that stays in the nearest cache beside what else is used. */
const BLOCK_BYTES = 16_384;

const ROWS = [0, 1, 2, 3];
const SUMS = ROWS.flatMap((r) => [`c${r}0`, `c${r}1`]);

/**
 * Bytes by which pointers to columns stay behind what they point to. With offsets of this size V8 unrolls these loops once less, and
 * products then run a sixth faster (Node 20, Cascade Lake: 41 instead of 35 GFLOP/s).
 */
export const BEHIND = 128;

/** One step of the sums: rows of `a` at literal offsets, 8 columns at `b` + BEHIND. */
export function step(a: string, offsets: readonly number[], b: string): string {
  const rows = offsets.map((offset, r) => {
    return `a = v128.load32_splat(${a}, ${offset}); c${r}0 = madd(a, b0, c${r}0); c${r}1 = madd(a, b1, c${r}1);`;
  });
  return `const b0 = v128.load(${b}, ${BEHIND}); const b1 = v128.load(${b}, ${BEHIND + 16}); let a: v128;
        ${rows.join("\n        ")}`;
}

/** Declares the sums, each from an expression of its row and half. */
export function begin(value: (row: number, half: number) => string): string {
  return SUMS.map((name, i) => `let ${name} = ${value(i >> 1, i % 2)};`).join(" ");
}

/** Does something with each sum. */
export function finish(text: (sum: string, row: number, half: number) => string): string {
  return SUMS.map((name, i) => text(name, i >> 1, i % 2)).join("\n      ");
}

/** A product's kind. */
export interface Product {
  readonly name: string;
  /** K: columns of x that are summed over. */
  readonly inner: number;
  /** N: columns of y. */
  readonly columns: number;
  /** Of x, in elements. */
  readonly xStride: number;
  /** Of y, in elements; "panels": y is [N / 8, rows, 8], each panel `panelRows` long. */
  readonly yStride: number | "panels";
  /** What the sums begin with: 0, the bias, or the bias and what stands at `extra`, which has y's strides and may be y. */
  readonly start: "zero" | "bias" | "bias+extra" | "extra";
  /** relu (NaN stays NaN: pmax gives its first argument then); or `gate`: 0 where `extra` (with y's strides) is not above 0. */
  readonly end?: "relu" | "gate";
}

/**
 * y = end(start + x W'), for `rows` rows, a multiple of 4: NAME(rows, x, w, bias, y, extra).
 *
 * Shapes: x [rows, K]; w in panels of 8 columns, [N / 8, K, 8]; bias [N]; y [rows, N].
 */
export function product({ name, inner, columns, xStride, yStride, start, end }: Product, panelRows: number): string {
  const block = Math.max(4, Math.floor(BLOCK_BYTES / (4 * inner) / 4) * 4);
  const rowBytes = yStride === "panels" ? 32 : yStride * 4;
  const panelBytes = yStride === "panels" ? panelRows * 32 : 32;
  const at = (row: number, half: number) => row * rowBytes + half * 16;
  const starts = (row: number, half: number) => {
    const extra = `v128.load(e, ${at(row, half)})`;
    if (start === "zero") return "f32x4.splat(0)";
    if (start === "extra") return extra;
    return start === "bias" ? `bias${half}` : `f32x4.add(bias${half}, ${extra})`;
  };
  const ends = (sum: string, row: number, half: number) => {
    if (end === "relu") return `f32x4.pmax(${sum}, f32x4.splat(0))`;
    if (end === "gate") return `v128.and(${sum}, f32x4.gt(v128.load(e, ${at(row, half)}), f32x4.splat(0)))`;
    return sum;
  };
  const bias = start.startsWith("bias")
    ? "const bias0 = v128.load(bias + n * 4); const bias1 = v128.load(bias + n * 4, 16);"
    : "";
  return `
/** [rows, ${inner}] [${inner}, ${columns}], from ${start}${end === undefined ? "" : `, ${end}`}. */
export function ${name}(rows: usize, x: usize, w: usize, bias: usize, y: usize, extra: usize): void {
  for (let from: usize = 0; from < rows; from += ${block}) {
    const to = min(rows, from + ${block});
    for (let n: usize = 0; n < ${columns}; n += 8) {
      const panel = w + n * ${inner * 4} - ${BEHIND};
      const out = (n >> 3) * ${panelBytes};
      ${bias}
      for (let row = from; row < to; row += 4) {
        let xs = x + row * ${xStride * 4};
        const ys = y + out + row * ${rowBytes};
        const e = extra + out + row * ${rowBytes};
        let ws = panel;
        const stop = panel + ${inner * 32};
        ${begin(starts)}
        do {
          ${step(
            "xs",
            ROWS.map((r) => r * xStride * 4),
            "ws",
          )}
          xs += 4;
          ws += 32;
        } while (ws < stop);
        ${finish((sum, row, half) => `v128.store(ys, ${ends(sum, row, half)}, ${at(row, half)});`)}
      }
    }
  }
}`;
}

/** A gradient's kind: strides of y's gradient, x and the weights' gradient, in elements. */
export interface WeightGradient {
  readonly name: string;
  /** N: columns of dy, rows of dw. */
  readonly outer: number;
  /** K: columns of x and dw. */
  readonly columns: number;
  readonly dyStride: number;
  readonly xStride: number;
}

/** Bytes that a block of rows may take in the nearest cache, which has twice as many: the narrow array's, and a line of the wide one's a row. */
const GRADIENT_BYTES = 20_480;

/**
 * dw += dy' x and db += sum of dy's rows: NAME(rows, dy, x, dw, db), rows a multiple of 4.
 *
 * Rows are taken in blocks, of which the narrower of both arrays stays in the nearest cache: the innermost of the loops over dw's tiles
 * is along its columns, so that the wider one is read once.
 *
 * Shapes: dy [rows, N], x [rows, K], dw [N, K], db [N].
 */
export function weightGradient({ name, outer, columns, dyStride, xStride }: WeightGradient): string {
  const block = Math.floor(GRADIENT_BYTES / (4 * Math.min(outer, columns) + 64) / 4) * 4;
  const at = (row: number, half: number) => row * columns * 4 + half * 16;
  const overOuter = (body: string) => `for (let o: usize = 0; o < ${outer}; o += 4) {${body}}`;
  const overColumns = (body: string) => `for (let k: usize = 0; k < ${columns}; k += 8) {${body}}`;
  const tile = `
        let ds = dy + o * 4;
        let xs = x + k * 4 - ${BEHIND};
        const stop = ds + count * ${dyStride * 4};
        const ws = dw + o * ${columns * 4} + k * 4;
        ${begin((row, half) => `v128.load(ws, ${at(row, half)})`)}
        do {
          ${step(
            "ds",
            ROWS.map((r) => r * 4),
            "xs",
          )}
          ds += ${dyStride * 4};
          xs += ${xStride * 4};
        } while (ds < stop);
        ${finish((sum, row, half) => `v128.store(ws, ${sum}, ${at(row, half)});`)}`;
  return `
/** [${outer}, rows] [rows, ${columns}] */
export function ${name}(rows: usize, dy: usize, x: usize, dw: usize, db: usize): void {
  for (let left = rows; left > 0; ) {
    const count = min<usize>(left, ${block});
    ${overOuter(`
      let ${ROWS.map((r) => `sum${r} = f32x4.splat(0)`).join(", ")};
      const from = dy + o * 4;
      const stop = from + count * ${dyStride * 4};
      for (let d = from; d < stop; d += ${dyStride * 16}) {
        ${ROWS.map((r) => `sum${r} = f32x4.add(sum${r}, v128.load(d, ${r * dyStride * 4}));`).join(" ")}
      }
      const both = f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3));
      v128.store(db + o * 4, f32x4.add(v128.load(db + o * 4), both));`)}
    ${columns > outer ? overColumns(overOuter(tile)) : overOuter(overColumns(tile))}
    left -= count;
    dy += count * ${dyStride * 4};
    x += count * ${xStride * 4};
  }
}`;
}

/** Packing of weights [N, K]: packOut for x W' and packIn for dy W, in panels of 8 columns. */
export const PACKING = `
/** to [N / 8, K, 8] = w [N, K] transposed: panels of N. */
export function packOut(w: usize, to: usize, outer: usize, inner: usize): void {
  for (let n: usize = 0; n < outer; n += 1) {
    let out = to + (((n >> 3) * inner * 8 + (n & 7)) << 2);
    for (let k: usize = 0; k < inner; k += 1) {
      store<f32>(out, load<f32>(w));
      w += 4;
      out += 32;
    }
  }
}

/** to [K / 8, N, 8] = w [N, K]: panels of K. */
export function packIn(w: usize, to: usize, outer: usize, inner: usize): void {
  for (let n: usize = 0; n < outer; n += 1) {
    for (let k: usize = 0; k < inner; k += 8) {
      const out = to + ((k * outer + n * 8) << 2);
      v128.store(out, v128.load(w));
      v128.store(out, v128.load(w, 16), 16);
      w += 32;
    }
  }
}
`;
