/**
 * The forward pass of one token that sees the tokens before it, by their keys and values: AssemblyScript, as text. Sizes are variables,
 * so that one module, compiled with this package, takes any model.
 *
 * Tokens are remembered in pages of 32. A page holds the residual stream at its last token, [wide], then for each layer the keys and the
 * values of its tokens, each [heads, 8, headWidth, 4]: columns of four tokens side by side, so that a register holds the scores of four
 * tokens, or adds what four of them give. A sequence is a list of pages. What a page has not got yet is zero in a block that has begun,
 * and not read otherwise.
 *
 * Arithmetic is in float32. Scores are exponents of 2: their scale is in the weights of q.
 */
import { prelude, type Simd } from "./prelude.js";

/** Tokens of a page. */
export const PAGE_TOKENS = 32;

/** Where the module finds its constants. */
export const CONSTANTS_AT = 1024;

/** Its constants, each four times: 0 to 3; the number that rounds; the factors of 2^f; the least exponent. */
export function constants(): Float32Array {
  const factors = [1.0000001, 0.69314694, 0.2402212, 0.05550713, 0.009675541, 0.0013276472];
  return Float32Array.from([0, 1, 2, 3, ...[1.5 * 2 ** 23, ...factors, -125.5].flatMap((x) => [x, x, x, x])]);
}

/** What JavaScript sets once, before all else: sizes in elements, addresses in bytes. */
const VARIABLES = [
  ...["layers", "width", "wide", "features", "qkvColumns", "heads", "headWidth", "hidden", "hiddenColumns", "outputs"],
  ...["isPre", "isSoftmax", "isSloped", "isRotary"],
  ...[
    "token",
    "normed",
    "qkv",
    "mixed",
    "activations",
    "scores",
    "table",
    "mask",
    "slopes",
    "rotation",
    "logits",
    "weights",
    "head",
  ],
] as const;

/** A variable's name. */
export type DecoderVariable = (typeof VARIABLES)[number];

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

/**
 * y = end(b + x W'), to which y itself is added if `adds`.
 *
 * Shapes: x [inner]; w, of [columns, inner], in blocks of 32 columns and then of 8, each [inner, 32 or 8]; b [columns], behind it; y
 * [columns].
 */
function product(name: string, { adds = false, relu = false, sparse = false }): string {
  const block = (vectors: number) => {
    const each = (text: (i: number) => string) => EIGHT.slice(0, vectors).map(text).join("\n      ");
    const step = each((i) => `c${i} = madd(a, v128.load(ws, ${16 * i}), c${i});`);
    return `for (; n + ${4 * vectors} <= columns; n += ${4 * vectors}) {
      const ys = y + n * 4;
      const bs = b + n * 4;
      ${each((i) => `let c${i} = ${adds ? `f32x4.add(v128.load(bs, ${16 * i}), v128.load(ys, ${16 * i}))` : `v128.load(bs, ${16 * i})`};`)}
      let xs = x;
      let ws = w + n * inner * 4;
      do {
        ${
          sparse
            ? `if (load<f32>(xs) != 0) { const a = v128.load32_splat(xs); ${step} }`
            : `const a = v128.load32_splat(xs); ${step}`
        }
        xs += 4;
        ws += ${16 * vectors};
      } while (xs < stop);
      ${each((i) => `v128.store(ys, ${relu ? `f32x4.pmax(c${i}, f32x4.splat(0))` : `c${i}`}, ${16 * i});`)}
    }`;
  };
  return `
function ${name}(x: usize, inner: usize, w: usize, y: usize, columns: usize): void {
  const b = w + inner * columns * 4;
  const stop = x + inner * 4;
  let n: usize = 0;
  ${block(8)}
  ${block(2)}
}`;
}

/** Runs \`body\` on the blocks of four tokens from \`first\` to \`last\`: \`at\` is the block's address in its page, \`s\` its scores'. */
const overBlocks = (body: string) => `
  let s = scores + first * 16;
  for (let block = first; block <= last;) {
    const end = min(last, block | ${PAGE_TOKENS / 4 - 1}) + 1;
    let at = load<usize>(table + (block >> ${Math.log2(PAGE_TOKENS / 4)}) * 4) + offset + (block & ${PAGE_TOKENS / 4 - 1}) * stride;
    const stop = at + (end - block) * stride;
    do {
      ${body}
      at += stride;
      s += 16;
    } while (at < stop);
    block = end;
  }`;

/** Scores of so many columns of q: beginning with zero, with the head's slope times the distance, or added to those that are there. */
function scores(name: string, columns: number, start: "zero" | "slope" | "scores"): string {
  const dims = EIGHT.slice(0, columns);
  const begin = {
    zero: "let c = f32x4.mul(v128.load(at), q0);",
    slope:
      "let c = madd(v128.load(at), q0, f32x4.mul(slope, distance)); distance = f32x4.add(distance, f32x4.splat(4));",
    scores: "let c = madd(v128.load(at), q0, v128.load(s));",
  }[start];
  const steps = dims.slice(1).map((i) => `c = madd(v128.load(at, ${16 * i}), q${i}, c);`);
  return `
function ${name}(first: usize, last: usize, offset: usize, stride: usize, q: usize, steepness: f32, newest: usize): void {
  ${dims.map((i) => `const q${i} = v128.load32_splat(q, ${4 * i});`).join(" ")}
  ${
    start === "slope"
      ? `const slope = f32x4.splat(steepness);
  let distance = f32x4.add(v128.load(${CONSTANTS_AT}), f32x4.splat(<f32>(<i32>(first * 4) - <i32>newest)));`
      : ""
  }
  ${overBlocks(`${begin} ${steps.join(" ")} v128.store(s, c);`)}
}`;
}

/** Values of so many columns, each times its token's weight, summed up, times the factor. */
function mix(name: string, columns: number): string {
  const dims = EIGHT.slice(0, columns);
  const sums = (from: number) => `f32x4.mul(factors, sums(c${from}, c${from + 1}, c${from + 2}, c${from + 3}))`;
  return `
function ${name}(first: usize, last: usize, offset: usize, stride: usize, factor: f32, y: usize): void {
  ${dims.map((i) => `let c${i} = f32x4.splat(0);`).join(" ")}
  ${overBlocks(`const e = v128.load(s); ${dims.map((i) => `c${i} = madd(e, v128.load(at, ${16 * i}), c${i});`).join(" ")}`)}
  const factors = f32x4.splat(factor);
  v128.store(y, ${sums(0)});
  ${columns === 8 ? `v128.store(y, ${sums(4)}, 16);` : ""}
}`;
}

/** The whole text. \`decoder-module.ts\` has the types of what it exports. */
export function decoderSource(simd: Simd): string {
  const constant = (i: number) => `v128.load(${CONSTANTS_AT + 16 * i})`;
  return `${prelude(simd)}
${VARIABLES.map((name) => `export let ${name}: usize = 0;`).join("\n")}

${product("multiply", {})}
${product("multiplyRelu", { relu: true })}
${product("multiplyAdd", { adds: true })}
${product("multiplySparse", { sparse: true })}

/** Layer norm; y may be x. Shapes: w [wide], b behind it. */
function normalise(x: usize, w: usize, y: usize): void {
  const bytes = wide * 4;
  const share: f32 = 1 / <f32>width;
  let sum = f32x4.splat(0);
  for (let k: usize = 0; k < bytes; k += 16) sum = f32x4.add(sum, v128.load(x + k));
  const mean = f32x4.splat(sum4(sum) * share);
  let squares = f32x4.splat(0);
  for (let k: usize = 0; k < bytes; k += 16) {
    const d = v128.and(f32x4.sub(v128.load(x + k), mean), v128.load(mask + k));
    squares = madd(d, d, squares);
  }
  const scale = f32x4.splat(1 / sqrt<f32>(sum4(squares) * share + 1e-5));
  for (let k: usize = 0; k < bytes; k += 16) {
    const hat = f32x4.mul(f32x4.sub(v128.load(x + k), mean), scale);
    v128.store(y + k, madd(hat, v128.load(w + k), v128.load(w + bytes + k)));
  }
}

/** Turns all heads' queries and keys, in pairs of neighbouring columns. Shapes: at \`rotation\`, cosines [headWidth], sines [headWidth]. */
function rotate(): void {
  const bytes = headWidth * 4;
  let at = qkv;
  for (let h: usize = 0; h < 2 * heads; h += 1) {
    for (let k: usize = 0; k < bytes; k += 16) {
      const x = v128.load(at);
      const others = v128.shuffle<f32>(x, x, 1, 0, 3, 2);
      v128.store(at, madd(x, v128.load(rotation + k), f32x4.mul(others, v128.load(rotation + bytes + k))));
      at += 16;
    }
  }
}

/** Writes a token's keys or values into their block. The first of a block's tokens clears what stood there. */
function remember(from: usize, at: usize, slot: usize): void {
  const stop = from + headWidth * 4;
  do {
    if (slot == 0) v128.store(at, f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(from)));
    else store<f32>(at + slot * 4, load<f32>(from));
    from += 4;
    at += 16;
  } while (from < stop);
}

${scores("scores8", 8, "zero")}
${scores("scores4", 4, "zero")}
${scores("slopedScores8", 8, "slope")}
${scores("slopedScores4", 4, "slope")}
${scores("addScores8", 8, "scores")}
${scores("addScores4", 4, "scores")}
${mix("mix8", 8)}
${mix("mix4", 4)}

/** Scores become weights 2^(score - the largest); returns 1 over their sum. */
function exponentiate(from: usize, to: usize): f32 {
  let m0 = f32x4.splat(-1e30);
  let m1 = m0;
  let s = from;
  for (; s < to; s += 32) {
    m0 = f32x4.pmax(m0, v128.load(s));
    m1 = f32x4.pmax(m1, v128.load(s, 16));
  }
  if (s == to) m0 = f32x4.pmax(m0, v128.load(s));
  m0 = f32x4.pmax(m0, m1);
  m0 = f32x4.pmax(m0, v128.shuffle<f32>(m0, m0, 2, 3, 0, 1));
  m0 = f32x4.pmax(m0, v128.shuffle<f32>(m0, m0, 1, 0, 3, 2));
  const magic = ${constant(1)};
  ${[0, 1, 2, 3, 4, 5].map((i) => `const p${i} = ${constant(i + 2)};`).join(" ")}
  const least = ${constant(8)};
  let sum = f32x4.splat(0);
  for (s = from; s <= to; s += 16) {
    const x = f32x4.pmax(least, f32x4.sub(v128.load(s), m0));
    const shifted = f32x4.add(x, magic); // the sum's last bits are round(x)
    const f = f32x4.sub(x, f32x4.sub(shifted, magic));
    let p = madd(f, p5, p4);
    p = madd(p, f, p3);
    p = madd(p, f, p2);
    p = madd(p, f, p1);
    p = madd(p, f, p0);
    const e = i32x4.add(p, i32x4.shl(shifted, 23));
    v128.store(s, e);
    sum = f32x4.add(sum, e);
  }
  return 1 / sum4(sum);
}

/** Scores become max(score, 0). */
function rectify(from: usize, to: usize): void {
  for (let s = from; s <= to; s += 16) v128.store(s, f32x4.pmax(v128.load(s), f32x4.splat(0)));
}

/** Attention of q over the tokens from \`oldest\` to \`newest\`, into \`mixed\`: keys and values are at those offsets of a page. */
function attend(oldest: usize, newest: usize, keys: usize, values: usize): void {
  const first = oldest >> 2;
  const last = newest >> 2;
  const stride = headWidth * 16;
  const from = scores + first * 16;
  const to = scores + last * 16;
  const indices = ${constant(0)};
  const old = f32x4.ge(indices, f32x4.splat(<f32>(oldest & 3)));
  const young = f32x4.le(indices, f32x4.splat(<f32>(newest & 3)));
  const unseen = f32x4.splat(-1e30);
  for (let h: usize = 0; h < heads; h += 1) {
    const slope = load<f32>(slopes + h * 4);
    const q = qkv + h * headWidth * 4;
    const offset = h * stride * ${PAGE_TOKENS / 4};
    let c: usize = 0;
    if (headWidth >= 8) {
      if (isSloped) slopedScores8(first, last, keys + offset, stride, q, slope, newest);
      else scores8(first, last, keys + offset, stride, q, 0, newest);
      c = 8;
    } else {
      if (isSloped) slopedScores4(first, last, keys + offset, stride, q, slope, newest);
      else scores4(first, last, keys + offset, stride, q, 0, newest);
      c = 4;
    }
    for (; c + 8 <= headWidth; c += 8) addScores8(first, last, keys + offset + c * 16, stride, q + c * 4, 0, newest);
    if (c < headWidth) addScores4(first, last, keys + offset + c * 16, stride, q + c * 4, 0, newest);
    v128.store(from, v128.bitselect(v128.load(from), unseen, old));
    v128.store(to, v128.bitselect(v128.load(to), unseen, young));
    let factor: f32;
    if (isSoftmax) factor = exponentiate(from, to);
    else {
      rectify(from, to);
      factor = 1 / <f32>(newest - oldest + 1);
    }
    const y = mixed + h * headWidth * 4;
    for (c = 0; c + 8 <= headWidth; c += 8) mix8(first, last, values + offset + c * 16, stride, factor, y + c * 4);
    if (c < headWidth) mix4(first, last, values + offset + c * 16, stride, factor, y + c * 4);
  }
}

/**
 * Reads the token that is in \`token\`, as number \`newest\` of those in the pages of \`table\`, which sees those from \`oldest\` on. The
 * vector at \`position\` is added to its embedding, unless that is 0; rotary positions are those at \`rotation\`.
 */
export function read(oldest: usize, newest: usize, position: usize): void {
  const bytes = wide * 4;
  const page = load<usize>(table + (newest >> ${Math.log2(PAGE_TOKENS)}) * 4);
  const x = page;
  const half = heads * headWidth * ${4 * PAGE_TOKENS}; // a layer's keys in a page, or its values
  const block = ((newest & ${PAGE_TOKENS - 1}) >> 2) * headWidth * 16;
  const across = heads * headWidth;
  const normBytes: usize = bytes * 2;
  let w = weights;
  multiplySparse(token, features, w, x, wide);
  w += (features + 1) * bytes;
  if (position) {
    for (let k: usize = 0; k < bytes; k += 16) v128.store(x + k, f32x4.add(v128.load(x + k), v128.load(position + k)));
  }
  let keys = bytes; // an offset in a page
  for (let layer: usize = 0; layer < layers; layer += 1) {
    const norm1 = w;
    w += normBytes;
    const into = isPre ? normed : x;
    if (isPre) normalise(x, norm1, normed);
    multiply(into, width, w, qkv, qkvColumns);
    w += (width + 1) * qkvColumns * 4;
    if (isRotary) rotate();
    for (let h: usize = 0; h < heads; h += 1) {
      const at = page + keys + h * headWidth * ${4 * PAGE_TOKENS} + block;
      remember(qkv + (across + h * headWidth) * 4, at, newest & 3);
      remember(qkv + (2 * across + h * headWidth) * 4, at + half, newest & 3);
    }
    attend(oldest, newest, keys, keys + half);
    keys += 2 * half;
    multiplyAdd(mixed, across, w, x, wide);
    w += (across + 1) * bytes;
    if (isPre) normalise(x, w, normed);
    else normalise(x, norm1, x);
    const norm2 = w;
    w += normBytes;
    multiplyRelu(into, width, w, activations, hiddenColumns);
    w += (width + 1) * hiddenColumns * 4;
    multiplyAdd(activations, hidden, w, x, wide);
    w += (hidden + 1) * bytes;
    if (!isPre) normalise(x, norm2, x);
  }
}

/** Writes what the head makes of the token that was read last into a page to \`logits\`. */
export function decide(page: usize): void {
  if (isPre) normalise(page, head, normed);
  multiply(isPre ? normed : page, width, isPre ? head + wide * 8 : head, logits, outputs);
}
`;
}
