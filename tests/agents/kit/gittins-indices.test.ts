import { expect, it } from "vitest";
import { gittinsIndexAt, gittinsIndices } from "#icrl/agents/kit/gittins-indices.js";

const at = (indices: Float64Array, s: number, f: number): number => indices[((s + f) * (s + f + 1)) / 2 + s];

it("has the values of the published tables", () => {
  // Gittins (1979) and Gittins, Glazebrook & Weber (2011), tables for Bernoulli arms, from Beta(1, 1): [s, f, index]
  const published: Record<string, [number, number, number][]> = {
    0.9: [
      [0, 0, 0.7029],
      [1, 0, 0.8001],
      [0, 1, 0.5001],
      [1, 1, 0.6346],
      [2, 2, 0.601],
      [9, 1, 0.8695],
    ],
    0.99: [
      [0, 0, 0.8699],
      [1, 0, 0.9102],
      [0, 1, 0.7005],
      [1, 1, 0.7844],
    ],
  };
  for (const [discount, rows] of Object.entries(published)) {
    const indices = gittinsIndices(Number(discount), 20);
    for (const [s, f, index] of rows) expect(Math.abs(at(indices, s, f) - index), `${s}, ${f}`).toBeLessThan(1e-4);
  }
});

it("is the mean where the future is worth nothing", () => {
  const indices = gittinsIndices(0, 30);
  for (let n = 0; n < 30; n++) {
    for (let s = 0; s <= n; s++) expect(Math.abs(at(indices, s, n - s) - (s + 1) / (n + 2))).toBeLessThan(1e-4);
  }
});

/** Value of an arm with retirement at lambda, over 1 / (1 - discount) lambda, by recursion with nothing left out. */
function valueOfArm(s: number, f: number, lambda: number, discount: number, depth: number): number {
  const memo = new Map<number, number>();
  const value = (a: number, b: number): number => {
    if (a + b === s + f + depth) return Math.max(0, (a + 1) / (a + b + 2) - lambda) / (1 - discount);
    const key = a * 4096 + b;
    const known = memo.get(key);
    if (known !== undefined) return known;
    const p = (a + 1) / (a + b + 2);
    const result = Math.max(0, p - lambda + discount * (p * value(a + 1, b) + (1 - p) * value(a, b + 1)));
    memo.set(key, result);
    return result;
  };
  return value(s, f);
}

it("is where one would as soon retire, in states far apart", () => {
  const indices = gittinsIndices(0.95, 200);
  for (const [s, f] of [
    [0, 0],
    [0, 40],
    [40, 0],
    [30, 10],
    [2, 60],
    [75, 74],
    [10, 189],
    [189, 10],
  ]) {
    const index = at(indices, s, f);
    expect(valueOfArm(s, f, index + 1e-4, 0.95, 250), `${s}, ${f}`).toBe(0);
    expect(valueOfArm(s, f, index - 1e-4, 0.95, 250), `${s}, ${f}`).toBeGreaterThan(0);
  }
});

it("rises with a success, falls with a failure, lies above the mean, and is made once", () => {
  const indices = gittinsIndices(0.99, 120);
  const wrong: string[] = [];
  for (let n = 0; n < 119; n++) {
    for (let s = 0; s <= n; s++) {
      const index = at(indices, s, n - s);
      const isInOrder = at(indices, s + 1, n - s) > index && at(indices, s, n - s + 1) < index;
      if (!isInOrder || index <= (s + 1) / (n + 2)) wrong.push(`${s} of ${n}: ${index}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(gittinsIndices(0.99, 120)).toBe(indices);
  expect(gittinsIndices(0.98, 120)).not.toBe(indices);
});

it("beyond its table goes on as a larger one would", () => {
  const [small, large] = [gittinsIndices(0.9, 100), gittinsIndices(0.9, 200)];
  for (const n of [100, 130, 199]) {
    for (let s = 0; s <= n; s++) {
      const index = gittinsIndexAt(small, 100, s, n);
      expect(Math.abs(index - gittinsIndexAt(large, 200, s, n)), `${s} of ${n}`).toBeLessThan(1e-3);
    }
  }
  // Where an arm had one pull at most: the index of none is all there is.
  const only = gittinsIndices(0.9, 1);
  expect(gittinsIndexAt(only, 1, 0, 0)).toBe(only[0]);
  expect(gittinsIndexAt(only, 1, 1, 1)).toBeGreaterThan(2 / 3);
});
