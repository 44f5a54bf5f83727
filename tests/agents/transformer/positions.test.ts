import { expect, test } from "vitest";
import { distanceSlopes, rotation } from "#icrl/agents/transformer/positions.js";

test("slopes are the paper's for 8 heads: 1/2 to 1/256", () => {
  // Press, Smith & Lewis (2022), section 3
  const paper = [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256];
  expect(distanceSlopes("alibi", 8)).toEqual(paper);
  expect(distanceSlopes("alibi-flat", 16)).toEqual([...paper, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("the last half of the heads is flat, rounded down, and the others have the slopes of as many heads", () => {
  // by hand: 2^-8 of one head; 2^-4, 2^-8 of two
  expect(distanceSlopes("alibi-flat", 1)).toEqual([1 / 256]);
  expect(distanceSlopes("alibi-flat", 2)).toEqual([1 / 256, 0]);
  expect(distanceSlopes("alibi-flat", 3)).toEqual([1 / 16, 1 / 256, 0]);
  expect(distanceSlopes("alibi-flat", 4)).toEqual([1 / 16, 1 / 256, 0, 0]);
});

test("no score falls with distance where positions are others", () => {
  for (const positions of ["learned", "rotary", "none"] as const) {
    expect(distanceSlopes(positions, 3)).toEqual([0, 0, 0]);
  }
});

/** What turns columns at a position. */
function turns(columns: number, position: number) {
  const [cosines, sines] = [new Float32Array(columns), new Float32Array(columns)];
  rotation(columns)(position, cosines, sines);
  return { cosines, sines };
}

/** A vector turned. */
function turned(x: readonly number[], position: number): number[] {
  const { cosines, sines } = turns(x.length, position);
  return x.map((value, c) => value * cosines[c] + x[c ^ 1] * sines[c]);
}

test("neighbouring columns are turned by the position times 1, 1/100, ... of four columns", () => {
  // by hand: 10000^0 and 10000^(-2/4)
  const [a, b, c, d] = turned([1, 0, 0, 1], 3);
  expect([a, b]).toEqual([expect.closeTo(Math.cos(3), 6), expect.closeTo(Math.sin(3), 6)]);
  expect([c, d]).toEqual([expect.closeTo(-Math.sin(0.03), 6), expect.closeTo(Math.cos(0.03), 6)]);
  expect(turned([1, 2, 3, 4], 0)).toEqual([1, 2, 3, 4]);
});

test("products depend on distance alone, as far along as positions are said to be exact", () => {
  const [q, k] = [
    [0.3, -1.2, 0.7, 0.4, -0.9, 1.1],
    [1.4, 0.2, -0.6, 0.8, 0.5, -1.3],
  ];
  const product = (i: number, j: number) => {
    const other = turned(k, j);
    return turned(q, i).reduce((sum, value, c) => sum + value * other[c], 0);
  };
  for (const distance of [0, 1, 37, 5000]) {
    const near = product(distance, 0);
    for (const at of [10_001, 2 ** 20, 2 ** 26 - distance]) expect(product(at + distance, at)).toBeCloseTo(near, 6);
  }
  expect(Math.abs(product(37, 0) - product(36, 0))).toBeGreaterThan(0.1);
});

test("what lies behind a head's columns stays as it is", () => {
  const [cosines, sines] = [new Float32Array(4).fill(7), new Float32Array(4).fill(7)];
  rotation(2)(1, cosines, sines);
  expect([cosines.slice(2), sines.slice(2)]).toEqual([Float32Array.of(7, 7), Float32Array.of(7, 7)]);
});
