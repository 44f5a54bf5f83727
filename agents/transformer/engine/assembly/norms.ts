/** Layer norm of rows, forwards and backwards: AssemblyScript, as text. */
import type { EngineShape } from "../shape.js";

/** As in the model. */
const EPSILON = 1e-5;

/**
 * forward NAME(rows, x, weight, bias, y, hat, scales):
 *     hat = (x - mean x) s,  s = 1 / sqrt(var x + epsilon),  y = hat weight + bias.
 *
 * Shapes: x [rows, D], rows `xStride` apart; y, hat [rows, D]; weight, bias [D]; scales [rows].
 */
export function normForward(name: string, { width }: EngineShape, xStride: number): string {
  const bytes = width * 4;
  return `
export function ${name}(rows: usize, x: usize, weight: usize, bias: usize, y: usize, hat: usize, scales: usize): void {
  for (let row: usize = 0; row < rows; row += 4) {
    let a0 = f32x4.splat(0); let a1 = f32x4.splat(0); let a2 = f32x4.splat(0); let a3 = f32x4.splat(0);
    for (let k: usize = 0; k < ${bytes}; k += 16) {
      a0 = f32x4.add(a0, v128.load(x + k, ${0}));
      a1 = f32x4.add(a1, v128.load(x + k, ${xStride * 4}));
      a2 = f32x4.add(a2, v128.load(x + k, ${xStride * 8}));
      a3 = f32x4.add(a3, v128.load(x + k, ${xStride * 12}));
    }
    const means = f32x4.mul(sums(a0, a1, a2, a3), f32x4.splat(${1 / width}));
    const m0 = v128.shuffle<f32>(means, means, 0, 0, 0, 0);
    const m1 = v128.shuffle<f32>(means, means, 1, 1, 1, 1);
    const m2 = v128.shuffle<f32>(means, means, 2, 2, 2, 2);
    const m3 = v128.shuffle<f32>(means, means, 3, 3, 3, 3);
    a0 = f32x4.splat(0); a1 = f32x4.splat(0); a2 = f32x4.splat(0); a3 = f32x4.splat(0);
    for (let k: usize = 0; k < ${bytes}; k += 16) {
      const d0 = f32x4.sub(v128.load(x + k, ${0}), m0);
      const d1 = f32x4.sub(v128.load(x + k, ${xStride * 4}), m1);
      const d2 = f32x4.sub(v128.load(x + k, ${xStride * 8}), m2);
      const d3 = f32x4.sub(v128.load(x + k, ${xStride * 12}), m3);
      a0 = madd(d0, d0, a0); a1 = madd(d1, d1, a1); a2 = madd(d2, d2, a2); a3 = madd(d3, d3, a3);
    }
    const variances = f32x4.mul(sums(a0, a1, a2, a3), f32x4.splat(${1 / width}));
    const s = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variances, f32x4.splat(${EPSILON}))));
    v128.store(scales + row * 4, s);
    const s0 = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    const s1 = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    const s2 = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    const s3 = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    for (let k: usize = 0; k < ${bytes}; k += 16) {
      const h0 = f32x4.mul(f32x4.sub(v128.load(x + k, ${0}), m0), s0);
      const h1 = f32x4.mul(f32x4.sub(v128.load(x + k, ${xStride * 4}), m1), s1);
      const h2 = f32x4.mul(f32x4.sub(v128.load(x + k, ${xStride * 8}), m2), s2);
      const h3 = f32x4.mul(f32x4.sub(v128.load(x + k, ${xStride * 12}), m3), s3);
      const w = v128.load(weight + k);
      const b = v128.load(bias + k);
      v128.store(hat + k, h0, ${0});
      v128.store(hat + k, h1, ${bytes});
      v128.store(hat + k, h2, ${bytes * 2});
      v128.store(hat + k, h3, ${bytes * 3});
      v128.store(y + k, madd(h0, w, b), ${0});
      v128.store(y + k, madd(h1, w, b), ${bytes});
      v128.store(y + k, madd(h2, w, b), ${bytes * 2});
      v128.store(y + k, madd(h3, w, b), ${bytes * 3});
    }
    x += ${xStride * 16};
    y += ${bytes * 4};
    hat += ${bytes * 4};
  }
}`;
}

/**
 * backward NAME(rows, dy, hat, scales, weight, dx, dweight, dbias), with g = dy weight:
 *     dx = s (g - mean g - hat mean(g hat)), added to what is at dx if `adds`;  dweight += sum dy hat;  dbias += sum dy.
 *
 * Shapes: dx [rows, D], rows `xStride` apart; dy, hat [rows, D]; scales [rows]. dx may be dy where their strides are one.
 */
export function normBackward(name: string, { width }: EngineShape, xStride: number, adds: boolean): string {
  const bytes = width * 4;
  const rows = [0, 1, 2, 3];
  const lines = (text: (row: number) => string) => rows.map(text).join("\n      ");
  return `
export function ${name}(
  rows: usize, dy: usize, hat: usize, scales: usize, weight: usize, dx: usize, dweight: usize, dbias: usize,
): void {
  for (let row: usize = 0; row < rows; row += 4) {
    let g0 = f32x4.splat(0); let g1 = f32x4.splat(0); let g2 = f32x4.splat(0); let g3 = f32x4.splat(0);
    let p0 = f32x4.splat(0); let p1 = f32x4.splat(0); let p2 = f32x4.splat(0); let p3 = f32x4.splat(0);
    for (let k: usize = 0; k < ${bytes}; k += 16) {
      const w = v128.load(weight + k);
      let dw = v128.load(dweight + k);
      let db = v128.load(dbias + k);
      let d: v128, h: v128, g: v128;
      ${lines(
        (r) => `d = v128.load(dy + k, ${r * bytes}); h = v128.load(hat + k, ${r * bytes});
      g = f32x4.mul(d, w); g${r} = f32x4.add(g${r}, g); p${r} = madd(g, h, p${r});
      dw = madd(d, h, dw); db = f32x4.add(db, d);`,
      )}
      v128.store(dweight + k, dw);
      v128.store(dbias + k, db);
    }
    const gs = f32x4.mul(sums(g0, g1, g2, g3), f32x4.splat(${1 / width}));
    const ps = f32x4.mul(sums(p0, p1, p2, p3), f32x4.splat(${-1 / width}));
    const s = v128.load(scales + row * 4);
    ${lines((r) => `const mean${r} = v128.shuffle<f32>(gs, gs, ${r}, ${r}, ${r}, ${r});`)}
    ${lines((r) => `const part${r} = v128.shuffle<f32>(ps, ps, ${r}, ${r}, ${r}, ${r});`)}
    ${lines((r) => `const s${r} = v128.shuffle<f32>(s, s, ${r}, ${r}, ${r}, ${r});`)}
    for (let k: usize = 0; k < ${bytes}; k += 16) {
      const w = v128.load(weight + k);
      let g: v128;
      ${lines((r) => {
        const value = `madd(v128.load(hat + k, ${r * bytes}), part${r}, g)`;
        const add = `madd(s${r}, ${value}, v128.load(dx + k, ${r * xStride * 4}))`;
        return `g = f32x4.sub(f32x4.mul(v128.load(dy + k, ${r * bytes}), w), mean${r});
      v128.store(dx + k, ${adds ? add : `f32x4.mul(s${r}, ${value})`}, ${r * xStride * 4});`;
      })}
    }
    dy += ${bytes * 4};
    hat += ${bytes * 4};
    dx += ${xStride * 16};
  }
}`;
}
