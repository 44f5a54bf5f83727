/**
 * AssemblyScript, as text: what all kernels use. Kernels are written for one shape: strides and sizes are literals, which is where much
 * of their speed is from (offsets of loads must be literals, and loops over a known size are short).
 *
 * Arrays are float32, addressed in bytes; lengths and strides are in elements.
 */

/** Kinds of modules: `relaxed` multiplies and adds in one instruction, where WebAssembly has it. */
export type Simd = "plain" | "relaxed";

/** The top of each module. */
export function prelude(simd: Simd): string {
  return `
/** a b + c. */
// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return ${simd === "relaxed" ? "f32x4.relaxed_madd(a, b, c)" : "f32x4.add(f32x4.mul(a, b), c)"};
}

/** Sum of the four. */
// @ts-ignore: decorator
@inline function sum4(a: v128): f32 {
  const b = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(b, 0) + f32x4.extract_lane(b, 1);
}

/** Sums of four vectors: [sum a, sum b, sum c, sum d]. */
// @ts-ignore: decorator
@inline function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7)); // a b a b
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7)); // c d c d
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Largest of four vectors each. */
// @ts-ignore: decorator
@inline function maxima(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.pmax(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.pmax(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.pmax(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/**
 * 2^x for x <= 0, to 3e-6; about 2^-64 at least, so that products with it are not denormal numbers, which are a hundred times as slow:
 * sharp attention trained at a tenth of the speed. With n = round(x) and f = x - n in [-1/2, 1/2], 2^f is a polynomial (of least maximal
 * relative error) and n is added to its exponent. The constants come from memory, so that they stay in registers.
 */
// @ts-ignore: decorator
@inline function exp2(x: v128, magic: v128, p0: v128, p1: v128, p2: v128, p3: v128, p4: v128, least: v128): v128 {
  const y = f32x4.pmax(least, x);
  const shifted = f32x4.add(y, magic); // the sum's last bits are round(y)
  const f = f32x4.sub(y, f32x4.sub(shifted, magic));
  let p = madd(f, p4, p3);
  p = madd(p, f, p2);
  p = madd(p, f, p1);
  p = madd(p, f, p0);
  return i32x4.add(p, i32x4.shl(shifted, 23));
}
`;
}

/** Where a module finds its tables, in bytes: four indices, what turns scores into exponents of 2, and exp2's constants. */
export const TABLE_AT = { indices: 1024, steepness: 1040, exp2: 1056 } as const;

/** The tables, from the first on. `scale` is the attention's. */
export function tables(scale: number): { at: number; bytes: Uint8Array } {
  const bytes = new Uint8Array(16 * 9);
  new Int32Array(bytes.buffer, 0, 4).set([0, 1, 2, 3]);
  const constants = [
    scale * Math.LOG2E,
    1.5 * 2 ** 23,
    0.99999926,
    0.69312181,
    0.24024745,
    0.05591786,
    0.0095701,
    -63.5,
  ];
  const floats = new Float32Array(bytes.buffer, 16);
  for (const [i, constant] of constants.entries()) floats.fill(constant, 4 * i, 4 * i + 4);
  return { at: TABLE_AT.indices, bytes };
}
