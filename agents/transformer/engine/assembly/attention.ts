/**
 * Attention of one head over one sequence, forwards and backwards: AssemblyScript, as text.
 *
 * Row i's scores are s_ij = q_i . k_j (and -slope (i - j) / scale, where heads have slopes) for the tokens j that it sees. Kept are weights E and a factor
 * f_i, with which the head gives o_i = f_i sum_j E_ij v_j:
 *     softmax: E_ij = exp(scale (s_ij - max_j s_ij)), f_i = 1 / sum_j E_ij;   relu: E_ij = relu(scale s_ij), f_i = 1 / n_i.
 * Backwards, with p_i = f_i do_i:
 *     dv_j = sum_i E_ij p_i;   softmax: ds_ij = E_ij (p_i . v_j - p_i . o_i);   relu: ds_ij = p_i . v_j where E_ij > 0;
 *     dq_i = scale sum_j ds_ij k_j;   dk_j = scale sum_i ds_ij q_i.
 *
 * Rows are taken four at a time, columns eight: tiles beyond what is seen are left out, and within a tile E is 0 there.
 *
 * Shapes: q, k, v, p [dh / 8, rows, 8] (panels); o and the gradients are rows of larger arrays; E [rows, scoreColumns]; f [rows].
 */
import type { EngineShape } from "../shape.js";
import { TABLE_AT } from "./prelude.js";
import { BEHIND, begin, finish, step } from "./products.js";

const ROWS = [0, 1, 2, 3];

/** The kernels of a shape. */
export function attention(shape: EngineShape): string {
  const { rows, headWidth, attentionWidth, qkvStride, scoreColumns, reach, scale, sloped } = shape;
  const softmax = shape.attention === "softmax";
  const windowed = reach < rows;
  const panels = headWidth / 8;
  const panel = rows * 32; // bytes
  const line = scoreColumns * 4;
  const each = (text: (row: number) => string) => ROWS.map(text).join("\n    ");
  const perPanel = (body: string) => `for (let panel: usize = 0; panel < ${panels}; panel += 1) {${body}}`;
  /** Columns that rows from `row` on see: whole tiles. */
  const columns = `const low: usize = ${windowed ? `row >= ${reach} ? (row - ${reach - 1}) & ~7 : 0` : "0"};
    const high: usize = (row + 11) & ~7;`;
  /** Weights of tokens that are not seen, which are in the last tile and, in a window, the first two, become `value`. */
  const unseen = (value: string) => `
    hide(E, row, high - 8, high, ${value});
    ${windowed ? `hide(E, row, low, min(high, low + 16), ${value});` : ""}`;

  const scores = `
      for (let j = low; j < high; j += 8) {
        ${
          sloped
            ? `const near = f32x4.mul(slopes, f32x4.add(f32x4.splat(<f32>(<i32>j - <i32>row)), f32x4.convert_i32x4_s(v128.load(${TABLE_AT.indices}))));
        const far = madd(slopes, f32x4.splat(4), near);
        ${begin((r, half) => `${r === 0 ? "" : "f32x4.sub("}${half === 0 ? "near" : "far"}${r === 0 ? "" : `, fall${r})`}`)}`
            : begin(() => "f32x4.splat(0)")
        }
        let ks = keys + j * ${headWidth * 4} - ${BEHIND};
        for (let panel: usize = 0; panel < ${panels}; panel += 1) {
          let qs = q + panel * ${panel} + row * 32;
          const stop = ks + 256;
          do {
            ${step("qs", [0, 32, 64, 96], "ks")}
            qs += 4;
            ks += 32;
          } while (ks < stop);
        }
        const e = E + j * 4;
        ${finish((sum, r, half) => {
          const value = softmax ? sum : `f32x4.pmax(f32x4.mul(${sum}, f32x4.splat(${scale})), f32x4.splat(0))`;
          return `v128.store(e, ${value}, ${r * line + half * 16});`;
        })}
      }`;

  const constants = ["magic", "p0", "p1", "p2", "p3", "p4", "least"]
    .map((name, i) => `const ${name} = v128.load(${TABLE_AT.exp2 + 16 * i});`)
    .join("\n  ");
  const steepness = scale * Math.LOG2E;
  const exponentials = `
    const from = E + low * 4;
    const to = E + high * 4;
    ${each((r) => `let m${r} = f32x4.splat(-1e30);`)}
    for (let e = from; e < to; e += 16) {
      ${each((r) => `m${r} = f32x4.pmax(m${r}, v128.load(e, ${r * line}));`)}
    }
    const tops = f32x4.mul(maxima(m0, m1, m2, m3), f32x4.splat(${-steepness}));
    ${each((r) => `m${r} = v128.shuffle<f32>(tops, tops, ${r}, ${r}, ${r}, ${r}); let t${r} = f32x4.splat(0);`)}
    ${each(
      (r) => `for (let e = from; e < to; e += 16) {
      const x = exp2(madd(v128.load(e, ${r * line}), steepness, m${r}), magic, p0, p1, p2, p3, p4, least);
      v128.store(e, x, ${r * line});
      t${r} = f32x4.add(t${r}, x);
    }`,
    )}
    const fs = f32x4.div(f32x4.splat(1), sums(t0, t1, t2, t3));
    v128.store(f + row * 4, fs);`;
  const shares = `
    ${each((r) => `store<f32>(f + (row + ${r}) * 4, 1 / <f32>min<usize>(row + ${r + 1}, ${reach}));`)}
    const fs = v128.load(f + row * 4);`;

  return `
/** k [dh / 8, rows, 8] -> keys [rows / 8, dh, 8], transposed within tiles of 8 rows, for the first \`rows\` rows. */
export function transpose(rows: usize, k: usize, keys: usize): void {
  for (let j: usize = 0; j < rows; j += 8) {
    ${perPanel(`
      const from = k + panel * ${panel} + j * 32;
      const to = keys + j * ${headWidth * 4} + panel * 256;
      for (let r: usize = 0; r < 8; r += 4) {
        for (let c: usize = 0; c < 8; c += 4) {
          const at = from + r * 32 + c * 4;
          const a = v128.load(at); const b = v128.load(at, 32);
          const d = v128.load(at, 64); const e = v128.load(at, 96);
          const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5); const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
          const de0 = v128.shuffle<f32>(d, e, 0, 4, 1, 5); const de1 = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
          const out = to + c * 32 + r * 4;
          v128.store(out, v128.shuffle<f32>(ab0, de0, 0, 1, 4, 5));
          v128.store(out, v128.shuffle<f32>(ab0, de0, 2, 3, 6, 7), 32);
          v128.store(out, v128.shuffle<f32>(ab1, de1, 0, 1, 4, 5), 64);
          v128.store(out, v128.shuffle<f32>(ab1, de1, 2, 3, 6, 7), 96);
        }
      }`)}
  }
}

/** In four rows of E from \`row\` on, columns from..to: those that a row does not see become \`value\`. */
// @ts-ignore: decorator
@inline function hide(E: usize, row: usize, from: usize, to: usize, value: f32): void {
  const fill = f32x4.splat(value);
  for (let j = from; j < to; j += 4) {
    const columns = i32x4.add(i32x4.splat(<i32>j), v128.load(${TABLE_AT.indices}));
    const at = E + j * 4;
    let seen: v128;
    ${each((r) => {
      const last = `i32x4.le_s(columns, i32x4.splat(<i32>row + ${r}))`;
      const first = `i32x4.gt_s(columns, i32x4.splat(<i32>row + ${r - reach}))`;
      return `seen = ${windowed ? `v128.and(${last}, ${first})` : last};
    v128.store(at, v128.bitselect(v128.load(at, ${r * line}), fill, seen), ${r * line});`;
    })}
  }
}

/** E and f of all rows; keys are those of \`transpose\`. slope is the head's, over scale; it may be 0. */
export function attentionWeights(rows: usize, q: usize, keys: usize, E: usize, f: usize, slope: f32): void {
  ${softmax ? constants : ""}
  ${softmax ? `const steepness = v128.load(${TABLE_AT.steepness});` : ""}
  ${sloped ? `const slopes = f32x4.splat(slope); ${[1, 2, 3].map((r) => `const fall${r} = f32x4.splat(slope * ${r});`).join(" ")}` : ""}
  for (let row: usize = 0; row < rows; row += 4) {
    ${columns}
    ${scores}
    ${softmax ? unseen("-1e30") : ""}
    ${softmax ? exponentials : shares}
    ${unseen("0")}
    E += ${4 * line};
  }
}

/** o = f E v: rows of o are attentionWidth apart. */
export function attentionOutput(rows: usize, E: usize, f: usize, v: usize, o: usize): void {
  for (let row: usize = 0; row < rows; row += 4) {
    ${columns}
    ${each((r) => `const f${r} = v128.load32_splat(f + row * 4, ${r * 4});`)}
    ${perPanel(`
      let es = E + low * 4;
      let vs = v + panel * ${panel} + low * 32 - ${BEHIND};
      const stop = E + (row + 4) * 4;
      const out = o + panel * 32;
      ${begin(() => "f32x4.splat(0)")}
      do {
        ${step(
          "es",
          ROWS.map((r) => r * line),
          "vs",
        )}
        es += 4;
        vs += 32;
      } while (es < stop);
      ${finish((sum, r, half) => `v128.store(out, f32x4.mul(f${r}, ${sum}), ${r * attentionWidth * 4 + half * 16});`)}
    `)}
    E += ${4 * line};
    o += ${16 * attentionWidth};
  }
}

/** p = f p in place, and corrections c_i = -p_i . o_i: rows of o are attentionWidth apart. */
export function attentionScale(rows: usize, p: usize, f: usize, o: usize, corrections: usize): void {
  for (let row: usize = 0; row < rows; row += 1) {
    const factor = v128.load32_splat(f + row * 4);
    let sum = f32x4.splat(0);
    ${perPanel(`
      const at = p + panel * ${panel} + row * 32;
      const out = o + panel * 32;
      const a = f32x4.mul(factor, v128.load(at));
      const b = f32x4.mul(factor, v128.load(at, 16));
      v128.store(at, a);
      v128.store(at, b, 16);
      sum = madd(a, v128.load(out), madd(b, v128.load(out, 16), sum));`)}
    store<f32>(corrections + row * 4, -sum4(sum));
    o += ${attentionWidth * 4};
  }
}

/** ds, laid out as E, and dq = scale ds k: values are v as \`transpose\` gives it; rows of dq are qkvStride apart. */
export function attentionQueryGradient(
  rows: usize, E: usize, p: usize, values: usize, corrections: usize, k: usize, ds: usize, dq: usize,
): void {
  for (let row: usize = 0; row < rows; row += 4) {
    ${columns}
    ${each((r) => `const c${r} = ${softmax ? `v128.load32_splat(corrections + row * 4, ${r * 4})` : "f32x4.splat(0)"};`)}
    for (let j = low; j < high; j += 8) {
      ${begin((r) => `c${r}`)}
      let vs = values + j * ${headWidth * 4} - ${BEHIND};
      for (let panel: usize = 0; panel < ${panels}; panel += 1) {
        let ps = p + panel * ${panel} + row * 32;
        const stop = vs + 256;
        do {
          ${step("ps", [0, 32, 64, 96], "vs")}
          ps += 4;
          vs += 32;
        } while (vs < stop);
      }
      const e = E + j * 4;
      const d = ds + j * 4;
      ${finish((sum, r, half) => {
        const at = r * line + half * 16;
        const value = softmax
          ? `f32x4.mul(${sum}, v128.load(e, ${at}))`
          : `v128.and(${sum}, f32x4.gt(v128.load(e, ${at}), f32x4.splat(0)))`;
        return `v128.store(d, ${value}, ${at});`;
      })}
    }
    ${perPanel(`
      let es = ds + low * 4;
      let ks = k + panel * ${panel} + low * 32 - ${BEHIND};
      const stop = ds + (row + 4) * 4;
      const out = dq + panel * 32;
      ${begin(() => "f32x4.splat(0)")}
      do {
        ${step(
          "es",
          ROWS.map((r) => r * line),
          "ks",
        )}
        es += 4;
        ks += 32;
      } while (es < stop);
      ${finish((sum, r, half) => `v128.store(out, f32x4.mul(f32x4.splat(${scale}), ${sum}), ${r * qkvStride * 4 + half * 16});`)}
    `)}
    E += ${4 * line};
    ds += ${4 * line};
    dq += ${16 * qkvStride};
  }
}

/** to_j = factor sum_i E_ij x_i, which gives dv of E and p, and dk of ds and q: rows of \`to\` are qkvStride apart. */
export function attentionColumnSums(rows: usize, E: usize, x: usize, to: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let j: usize = 0; j < rows; j += 4) {
    const last = ${windowed ? `min<usize>(rows, j + ${reach + 3})` : "rows"};
    ${perPanel(`
      let es = E + j * ${line} + j * 4;
      let xs = x + panel * ${panel} + j * 32 - ${BEHIND};
      const stop = x + panel * ${panel} + last * 32 - ${BEHIND};
      const out = to + panel * 32;
      ${begin(() => "f32x4.splat(0)")}
      do {
        ${step("es", [0, 4, 8, 12], "xs")}
        es += ${line};
        xs += 32;
      } while (xs < stop);
      ${finish((sum, r, half) => `v128.store(out, f32x4.mul(factors, ${sum}), ${r * qkvStride * 4 + half * 16});`)}
    `)}
    to += ${16 * qkvStride};
  }
}
`;
}
