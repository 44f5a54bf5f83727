import { expect, test } from "vitest";
import { threefry2x32, threefry2x32x4 } from "#icrl/common/threefry.js";

/** Random123, tests/kat_vectors, the three lines "threefry2x32 20": counter, key, result. */
const VECTORS = [
  { counter: [0x00000000, 0x00000000], key: [0x00000000, 0x00000000], result: [0x6b200159, 0x99ba4efe] },
  { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], result: [0x1cb996fc, 0xbb002be7] },
  { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], result: [0xc4923a9c, 0x483df7a0] },
];

test("threefry gives Random123's published known answers", () => {
  const out = new Int32Array(2);
  for (const { counter, key, result } of VECTORS) {
    threefry2x32(key[0], key[1], counter[0], counter[1], out);
    expect([...out].map((word) => word >>> 0)).toEqual(result);
  }
});

test("signed and unsigned forms of the same words give the same result", () => {
  const signed = new Int32Array(2);
  const unsigned = new Int32Array(2);
  threefry2x32(-1, 0x80000000 | 0, -2, 5, signed);
  threefry2x32(0xffffffff, 0x80000000, 0xfffffffe, 5, unsigned);
  expect(signed).toEqual(unsigned);
});

test("four counters at once give what they give one by one, over the end of the 32 bits too", () => {
  const four = new Int32Array(8);
  const one = new Int32Array(2);
  for (const { counter, key } of [...VECTORS, { counter: [0xfffffffe, 7], key: [1, 2] }]) {
    threefry2x32x4(key[0], key[1], counter[0], counter[1], four);
    for (let i = 0; i < 4; i++) {
      threefry2x32(key[0], key[1], counter[0] + i, counter[1], one);
      expect([...four.subarray(2 * i, 2 * i + 2)]).toEqual([...one]);
    }
  }
});
