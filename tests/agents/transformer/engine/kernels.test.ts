import { describe, expect, test } from "vitest";
import { attention } from "#icrl/agents/transformer/engine/assembly/attention.js";
import { elementwise } from "#icrl/agents/transformer/engine/assembly/elementwise.js";
import { normBackward, normForward } from "#icrl/agents/transformer/engine/assembly/norms.js";
import { prelude, type Simd, tables } from "#icrl/agents/transformer/engine/assembly/prelude.js";
import {
  PACKING,
  type Product,
  product,
  type WeightGradient,
  weightGradient,
} from "#icrl/agents/transformer/engine/assembly/products.js";
import { availableSimd } from "#icrl/agents/transformer/engine/available-simd.js";
import { cachedBytes } from "#icrl/agents/transformer/engine/compile-module.js";
import { instantiate } from "#icrl/agents/transformer/engine/instance.js";
import type { Kernels } from "#icrl/agents/transformer/engine/kernels.js";
import { type EngineShape, engineShape } from "#icrl/agents/transformer/engine/shape.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { smallModel } from "../../../support/transformer.js";

const SIMD: readonly Simd[] = availableSimd() === "relaxed" ? ["plain", "relaxed"] : ["plain"];

/** A memory with arrays one after the other, normal unless values are given. */
function arena() {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true });
  const rng = rngFromSeed(1n);
  let next = 4096;
  return {
    memory,
    array(n: number, values: "normal" | number = "normal") {
      const at = next;
      next += Math.ceil(n / 4) * 16 + 64;
      const floats = new Float32Array(memory.buffer, at, n);
      for (let i = 0; i < n; i += 1) floats[i] = values === "normal" ? rng.normal() : values;
      return { at, floats };
    },
  };
}

async function kernels<T = Kernels>(memory: WebAssembly.Memory, simd: Simd, scale: number, text: string): Promise<T> {
  const table = tables(scale);
  new Uint8Array(memory.buffer).set(table.bytes, table.at);
  return instantiate(await WebAssembly.compile(await cachedBytes(prelude(simd) + text)), memory) as T;
}

/** Largest difference, over the largest of the wanted. */
function error(got: ArrayLike<number>, wanted: readonly number[]): number {
  expect(got.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs), 1e-30);
  return Math.max(...wanted.map((value, i) => (Number.isFinite(got[i]) ? Math.abs(got[i] - value) : 1e30))) / largest;
}

const table = (rows: number, columns: number, value: (row: number, column: number) => number): number[] =>
  Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns));

const sum = (n: number, value: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i += 1) total += value(i);
  return total;
};

type ProductKernels = Record<string, (rows: number, x: number, w: number, b: number, y: number, e: number) => void>;

describe.each(SIMD)("%s", (simd) => {
  test("products are those of plain loops, for each start, end and stride", async () => {
    const kinds: readonly (Omit<Product, "name"> & { rows: number })[] = [
      { rows: 4, inner: 8, columns: 8, xStride: 8, yStride: 8, start: "zero" },
      { rows: 12, inner: 72, columns: 24, xStride: 72, yStride: 24, start: "bias" },
      { rows: 20, inner: 24, columns: 16, xStride: 48, yStride: 16, start: "bias+extra" },
      { rows: 8, inner: 16, columns: 40, xStride: 16, yStride: 40, start: "bias", end: "relu" },
      { rows: 8, inner: 40, columns: 8, xStride: 40, yStride: 24, start: "extra" },
      { rows: 16, inner: 8, columns: 32, xStride: 8, yStride: 32, start: "zero", end: "gate" },
      { rows: 12, inner: 32, columns: 24, xStride: 32, yStride: "panels", start: "bias" },
      { rows: 52, inner: 512, columns: 8, xStride: 512, yStride: 8, start: "zero" },
    ];
    const { memory, array } = arena();
    const panelRows = 24;
    const text = kinds.map((kind, i) => product({ ...kind, name: `product${i}` }, panelRows)).join("\n");
    const made = await kernels<ProductKernels & Kernels>(memory, simd, 1, PACKING + text);
    for (const [i, { rows, inner, columns, xStride, yStride, start, end }] of kinds.entries()) {
      const x = array(rows * xStride);
      const w = array(columns * inner);
      const packed = array(columns * inner);
      const bias = array(columns);
      const panels = yStride === "panels";
      const y = array(panels ? columns * panelRows : rows * yStride, 7);
      const extra = array(y.floats.length);
      made.packOut(w.at, packed.at, columns, inner);
      made[`product${i}`](rows, x.at, packed.at, bias.at, y.at, extra.at);
      const index = (r: number, c: number) =>
        panels ? ((c >> 3) * panelRows + r) * 8 + (c & 7) : r * (yStride as number) + c;
      const wanted = new Array<number>(y.floats.length).fill(7);
      for (let r = 0; r < rows; r += 1) {
        for (let c = 0; c < columns; c += 1) {
          const added = extra.floats[index(r, c)];
          let value = sum(inner, (k) => x.floats[r * xStride + k] * w.floats[c * inner + k]);
          if (start.includes("bias")) value += bias.floats[c];
          if (start.includes("extra")) value += added;
          if (end === "relu") value = Math.max(0, value);
          if (end === "gate" && !(added > 0)) value = 0;
          wanted[index(r, c)] = value;
        }
      }
      expect(error(y.floats, wanted), `kind ${i}`).toBeLessThan(2e-6);
    }
  });

  test("packing for the way back turns a product around", async () => {
    const { memory, array } = arena();
    const [outer, inner, rows] = [24, 16, 8];
    const text = product(
      { name: "back", inner: outer, columns: inner, xStride: outer, yStride: inner, start: "zero" },
      8,
    );
    const made = await kernels<ProductKernels & Kernels>(memory, simd, 1, PACKING + text);
    const dy = array(rows * outer);
    const w = array(outer * inner);
    const packed = array(outer * inner);
    const dx = array(rows * inner);
    made.packIn(w.at, packed.at, outer, inner);
    made["back"](rows, dy.at, packed.at, 0, dx.at, 0);
    const wanted = table(rows, inner, (r, k) => sum(outer, (n) => dy.floats[r * outer + n] * w.floats[n * inner + k]));
    expect(error(dx.floats, wanted)).toBeLessThan(2e-6);
  });

  test("weights' gradients are added to what is there, over any number of rows", async () => {
    const kinds: readonly Omit<WeightGradient, "name">[] = [
      { outer: 8, columns: 8, dyStride: 8, xStride: 8 },
      { outer: 16, columns: 72, dyStride: 48, xStride: 144 },
      { outer: 96, columns: 24, dyStride: 96, xStride: 24 },
    ];
    const { memory, array } = arena();
    const text = kinds.map((kind, i) => weightGradient({ ...kind, name: `gradient${i}` })).join("\n");
    type Gradients = Record<string, (rows: number, dy: number, x: number, dw: number, db: number) => void>;
    const made = await kernels<Gradients>(memory, simd, 1, text);
    for (const rows of [4, 48, 100]) {
      for (const [i, { outer, columns, dyStride, xStride }] of kinds.entries()) {
        const dy = array(rows * dyStride);
        const x = array(rows * xStride);
        const dw = array(outer * columns);
        const db = array(outer);
        const wantedWeights = table(
          outer,
          columns,
          (o, k) =>
            dw.floats[o * columns + k] + sum(rows, (t) => dy.floats[t * dyStride + o] * x.floats[t * xStride + k]),
        );
        const wantedBiases = table(1, outer, (_, o) => db.floats[o] + sum(rows, (t) => dy.floats[t * dyStride + o]));
        made[`gradient${i}`](rows, dy.at, x.at, dw.at, db.at);
        expect(error(dw.floats, wantedWeights)).toBeLessThan(3e-6);
        expect(error(db.floats, wantedBiases)).toBeLessThan(3e-6);
      }
    }
  });

  test.each([
    [8, 1, false],
    [24, 2, true],
    [64, 1, true],
  ])("layer norm and its gradient, width %i, stride %i", async (width, stride, adds) => {
    const { memory, array } = arena();
    const shape = { width } as EngineShape;
    const xStride = stride * width;
    const text = normForward("norm", shape, xStride) + normBackward("normGradient", shape, xStride, adds);
    const made = await kernels(memory, simd, 1, text);
    const rows = 12;
    const x = array(rows * xStride);
    const [weight, bias, dweight, dbias] = [array(width), array(width), array(width), array(width)];
    const [y, hat, dy] = [array(rows * width), array(rows * width), array(rows * width)];
    const scales = array(rows);
    made.norm(rows, x.at, weight.at, bias.at, y.at, hat.at, scales.at);
    const mean = (r: number) => sum(width, (k) => x.floats[r * xStride + k]) / width;
    const scale = (r: number) =>
      1 / Math.sqrt(sum(width, (k) => (x.floats[r * xStride + k] - mean(r)) ** 2) / width + 1e-5);
    const hats = table(rows, width, (r, k) => (x.floats[r * xStride + k] - mean(r)) * scale(r));
    expect(error(hat.floats, hats)).toBeLessThan(2e-6);
    expect(error(y.floats, table(rows, width, (r, k) => hats[r * width + k] * weight.floats[k] + bias.floats[k]))).toBeLessThan(2e-6); // biome-ignore format: a formula
    const dx = array(rows * xStride);
    const before = [...dx.floats];
    const g = (r: number, k: number) => dy.floats[r * width + k] * weight.floats[k];
    const wanted = [...before];
    for (let r = 0; r < rows; r += 1) {
      const average = sum(width, (k) => g(r, k)) / width;
      const along = sum(width, (k) => g(r, k) * hats[r * width + k]) / width;
      for (let k = 0; k < width; k += 1) {
        const value = scale(r) * (g(r, k) - average - hats[r * width + k] * along);
        wanted[r * xStride + k] = value + (adds ? before[r * xStride + k] : 0);
      }
    }
    const weights = table(1, width, (_, k) => dweight.floats[k] + sum(rows, (r) => dy.floats[r * width + k] * hats[r * width + k])); // biome-ignore format: a formula
    const biases = table(1, width, (_, k) => dbias.floats[k] + sum(rows, (r) => dy.floats[r * width + k]));
    made.normGradient(rows, dy.at, hat.at, scales.at, weight.at, dx.at, dweight.at, dbias.at);
    expect(error(dx.floats, wanted)).toBeLessThan(3e-6);
    expect(error(dweight.floats, weights)).toBeLessThan(3e-6);
    expect(error(dbias.floats, biases)).toBeLessThan(3e-6);
  });

  test.each([
    ["softmax, heads of 8", { heads: 2, width: 16 }, 8],
    ["softmax, heads of 16", { heads: 1, width: 16 }, 40],
    ["softmax, a window of 3", { heads: 1, width: 8, window: 3 }, 24],
    ["softmax, alibi, a window of 10", { heads: 2, width: 16, positions: "alibi", window: 10 }, 32],
    ["relu", { heads: 1, width: 8, attention: "relu" }, 24],
    ["relu, alibi, a window of 17", { heads: 1, width: 8, attention: "relu", positions: "alibi", window: 17 }, 40],
  ])("attention of a head and its gradients: %s", async (_, options, rows) => {
    const shape = engineShape({ ...smallModel(options), context: 37 });
    const { headWidth: d, scoreColumns, scale, reach, attentionWidth, qkvStride, sloped } = shape;
    const { memory, array } = arena();
    const made = await kernels(memory, simd, scale, attention(shape));
    const panels = () => array(d * shape.rows);
    const [q, k, v, p, keys] = [panels(), panels(), panels(), panels(), panels()];
    for (let i = 0; i < q.floats.length; i += 1) q.floats[i] *= 3; // some scores are far from the others
    const read = (of: { floats: Float32Array }, row: number, c: number) =>
      of.floats[((c >> 3) * shape.rows + row) * 8 + (c & 7)];
    const [E, ds] = [array(shape.rows * scoreColumns, Number.NaN), array(shape.rows * scoreColumns, Number.NaN)];
    const [f, corrections] = [array(shape.rows), array(shape.rows)];
    const o = array(shape.rows * attentionWidth);
    const slope = sloped ? 0.25 : 0;
    made.transpose(rows, k.at, keys.at);
    made.attentionWeights(rows, q.at, keys.at, E.at, f.at, slope / scale);
    made.attentionOutput(rows, E.at, f.at, v.at, o.at);

    const sees = (i: number, j: number) => j <= i && j > i - reach;
    const score = (i: number, j: number) =>
      scale * sum(d, (c) => read(q, i, c) * read(k, j, c)) - (sloped ? slope * (i - j) : 0);
    const weight = table(rows, rows, (i, j) => {
      if (!sees(i, j)) return 0;
      if (shape.attention === "relu") return Math.max(0, score(i, j)) / Math.min(i + 1, reach);
      return Math.exp(score(i, j)) / sum(rows, (l) => (sees(i, l) ? Math.exp(score(i, l)) : 0));
    });
    const outputs = table(rows, d, (i, c) => sum(rows, (j) => weight[i * rows + j] * read(v, j, c)));
    const got = (of: { floats: Float32Array }, stride: number, at: number) =>
      table(rows, d, (i, c) => of.floats[i * stride + at + c]);
    expect(error(got(o, attentionWidth, 0), outputs)).toBeLessThan(1e-5);
    for (let i = 0; i < rows; i += 1) {
      for (let j = i + 1; j < (((i & ~3) + 11) & ~7); j += 1) expect(E.floats[i * scoreColumns + j]).toBe(0);
    }

    const doutputs = table(rows, d, (i, c) => read(p, i, c));
    const dqkv = array(shape.rows * qkvStride);
    const to = (part: number) => dqkv.at + 4 * part * attentionWidth;
    made.attentionScale(rows, p.at, f.at, o.at, corrections.at);
    made.transpose(rows, v.at, keys.at);
    made.attentionQueryGradient(rows, E.at, p.at, keys.at, corrections.at, k.at, ds.at, to(0));
    made.attentionColumnSums(rows, E.at, p.at, to(2), 1);
    made.attentionColumnSums(rows, ds.at, q.at, to(1), scale);
    const along = table(rows, rows, (i, j) => sum(d, (c) => doutputs[i * d + c] * read(v, j, c)));
    const dscores = table(rows, rows, (i, j) => {
      const w = weight[i * rows + j];
      if (shape.attention === "relu") return w > 0 ? along[i * rows + j] / Math.min(i + 1, reach) : 0;
      return w * (along[i * rows + j] - sum(rows, (l) => weight[i * rows + l] * along[i * rows + l]));
    });
    const dq = table(rows, d, (i, c) => scale * sum(rows, (j) => dscores[i * rows + j] * read(k, j, c)));
    const dk = table(rows, d, (j, c) => scale * sum(rows, (i) => dscores[i * rows + j] * read(q, i, c)));
    const dv = table(rows, d, (j, c) => sum(rows, (i) => weight[i * rows + j] * doutputs[i * d + c]));
    for (const [part, wanted] of [dq, dk, dv].entries()) {
      expect(error(got(dqkv, qkvStride, part * attentionWidth), wanted), "qkv"[part]).toBeLessThan(2e-5);
    }
  });

  test("a weight in attention is 2^-64 of the largest at least: gradients by denormal numbers took ten times as long", async () => {
    const shape = engineShape({ ...smallModel({ heads: 1, width: 8 }), context: 16 });
    const { memory, array } = arena();
    const made = await kernels(memory, simd, shape.scale, attention(shape));
    const [q, k, keys] = [array(16 * 8, 8), array(16 * 8, -8), array(16 * 8)];
    k.floats.fill(8, 0, 8); // all see token 0 most, their own by 1,024 / sqrt 8 less
    const [E, f] = [array(16 * shape.scoreColumns), array(16)];
    made.transpose(16, k.at, keys.at);
    made.attentionWeights(16, q.at, keys.at, E.at, f.at, 0);
    const seen = Array.from({ length: 16 }, (_, i) => [...E.floats.subarray(i * shape.scoreColumns).slice(0, i + 1)]);
    for (const [largest, ...others] of seen) {
      expect(largest).toBeCloseTo(1, 3);
      for (const weight of others) {
        expect(weight).toBeGreaterThan(2 ** -64.1);
        expect(weight).toBeLessThan(2 ** -63);
      }
    }
  });

  test("loops over elements", async () => {
    const { memory, array } = arena();
    const made = await kernels(memory, simd, 1, elementwise(16));
    const n = 52;
    const tokens = array(15);
    const wide = array(8 * 8);
    made.padRows(tokens.at, wide.at, 3, 5, 8, 8);
    expect([...wide.floats]).toEqual(table(8, 8, (r, c) => (r < 3 && c < 5 ? tokens.floats[r * 5 + c] : 0)));

    const [x, y] = [array(n), array(n)];
    const both = table(1, n, (_, i) => Math.fround(x.floats[i] + y.floats[i]));
    made.add(x.at, y.at, n);
    expect([...x.floats]).toEqual(both);
    made.copy(x.at, y.at, n);
    expect([...y.floats]).toEqual(both);
    expect(made.squares(x.at, n)).toBeCloseTo(
      sum(n, (i) => x.floats[i] ** 2),
      9,
    );
    made.clear(y.at, n);
    expect([...y.floats]).toEqual(new Array(n).fill(0));

    const chunks = array(3 * n);
    const added = table(1, n, (_, i) => x.floats[i] + sum(3, (c) => chunks.floats[c * n + i]));
    made.reduce(x.at, chunks.at, 4 * n, 3, n);
    expect(error(x.floats, added)).toBeLessThan(1e-6);

    const [w, m, v, g] = [array(n), array(n), array(n, 0.25), array(n)];
    const before = { w: [...w.floats], m: [...m.floats], g: [...g.floats] };
    made.adamw(w.at, m.at, v.at, g.at, n, 0.5, 0.9, 0.1, 0.99, 0.01, 0.999, 0.02, 1.5, 1e-3);
    const first = before.m.map((old, i) => 0.9 * old + 0.1 * 0.5 * before.g[i]);
    const second = before.g.map((d) => 0.99 * 0.25 + 0.01 * (0.5 * d) ** 2);
    const after = before.w.map((old, i) => 0.999 * old - (0.02 * first[i]) / (1.5 * Math.sqrt(second[i]) + 1e-3));
    expect(error(m.floats, first)).toBeLessThan(1e-6);
    expect(error(v.floats, second)).toBeLessThan(1e-6);
    expect(error(w.floats, after)).toBeLessThan(1e-6);
    expect([...g.floats]).toEqual(new Array(n).fill(0));
  });

  test("softmax of the logits that are there", async () => {
    const { memory, array } = arena();
    const made = await kernels(memory, simd, 1, elementwise(16));
    const rows = 5;
    const [logits, shares, largest, totals] = [array(rows * 16), array(rows * 16), array(rows), array(rows)];
    for (let i = 0; i < 16; i += 1) logits.floats[i] *= 30;
    for (const present of [1, 7, 16]) {
      made.softmax(rows, logits.at, shares.at, largest.at, totals.at, present);
      const row = (r: number) => [...logits.floats.subarray(r * 16, r * 16 + present)];
      const total = (r: number) => sum(present, (a) => Math.exp(row(r)[a] - Math.max(...row(r))));
      expect([...largest.floats]).toEqual(table(1, rows, (_, r) => Math.max(...row(r))));
      expect(
        error(
          totals.floats,
          table(1, rows, (_, r) => total(r)),
        ),
      ).toBeLessThan(3e-7);
      const wanted = table(rows, 16, (r, a) =>
        a < present ? Math.exp(row(r)[a] - Math.max(...row(r))) / total(r) : 0,
      );
      expect(error(shares.floats, wanted)).toBeLessThan(5e-7);
    }
  });

  test("a share is dropped, the rest grows by as much, and the key alone says which", async () => {
    const { memory, array } = arena();
    const made = await kernels(memory, simd, 1, elementwise(16));
    const n = 40_000;
    const ones = array(n, 1);
    const masks = [1, 1, 2].map((key) => {
      const to = array(n);
      made.drop(ones.at, to.at, n, key, Math.round(0.25 * 2 ** 24), 4 / 3);
      return to.floats;
    });
    expect(masks[1]).toEqual(masks[0]);
    const kept = (mask: Float32Array) => mask.reduce((count, value) => count + (value > 0 ? 1 : 0), 0) / n;
    // 5 standard deviations of a share of 0.75 in 40,000: 0.011.
    for (const mask of masks) expect(Math.abs(kept(mask) - 0.75)).toBeLessThan(0.011);
    const together = masks[0].map((value, i) => value * masks[2][i]);
    expect(Math.abs(kept(together) - 0.75 ** 2)).toBeLessThan(0.0125); // independent
    expect(new Set(masks[0])).toEqual(new Set([0, Math.fround(4 / 3)]));
  });
});
