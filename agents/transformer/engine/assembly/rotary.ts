/**
 * Rotary positions (../../positions.ts): AssemblyScript, as text. Columns 2i and 2i + 1 of a head are turned as a vector of the plane, each column by
 *     x_c cosines_c + x_c' sines_c,   c' the other of its pair.
 *
 * Shapes: the table, cosines and then sines, [dh / 8, rows, 8] both: a head's own, so that all three run alongside one another.
 */
import type { EngineShape } from "../shape.js";

/** The kernels of a shape that has such positions; of any other, nothing. */
export function rotary({ rotary: has, rows, headWidth, qkvStride }: EngineShape): string {
  if (!has) return "";
  const panel = rows * 32; // bytes
  const sines = rows * headWidth * 4;
  const turned = (x: string, by: string, sine: string) =>
    `madd(${x}, v128.load(${by}), f32x4.mul(v128.shuffle<f32>(${x}, ${x}, 1, 0, 3, 2), ${sine}))`;
  return `
/** The first \`rows\` rows of a head's queries or keys [dh / 8, rows, 8], in place. */
export function rotate(rows: usize, x: usize, table: usize): void {
  for (let panel: usize = 0; panel < ${headWidth / 8}; panel += 1) {
    let at = x + panel * ${panel};
    let by = table + panel * ${panel};
    for (const stop = at + rows * 32; at < stop; at += 16, by += 16) {
      const a = v128.load(at);
      v128.store(at, ${turned("a", "by", `v128.load(by, ${sines})`)});
    }
  }
}

/** Their gradients back, in place: rows of dx are qkvStride apart. The inverse of a turn is the transposed one, with sines negated. */
export function rotateBack(rows: usize, dx: usize, table: usize): void {
  for (let row: usize = 0; row < rows; row += 1) {
    let by = table + row * 32;
    for (let panel: usize = 0; panel < ${headWidth / 8}; panel += 1) {
      const at = dx + panel * 32;
      const a = v128.load(at);
      const b = v128.load(at, 16);
      v128.store(at, ${turned("a", "by", `f32x4.neg(v128.load(by, ${sines}))`)});
      v128.store(at, ${turned("b", "by, 16", `f32x4.neg(v128.load(by, ${sines + 16}))`)}, 16);
      by += ${panel};
    }
    dx += ${qkvStride * 4};
  }
}
`;
}
