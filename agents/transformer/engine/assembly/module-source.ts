/** The whole text of a shape's module. */
import type { EngineShape } from "../shape.js";
import { attention } from "./attention.js";
import { elementwise } from "./elementwise.js";
import { normBackward, normForward } from "./norms.js";
import { prelude, type Simd } from "./prelude.js";
import { PACKING, type Product, product, type WeightGradient, weightGradient } from "./products.js";
import { rotary } from "./rotary.js";

/** AssemblyScript of all kernels of a shape. `kernels.ts` has their signatures. */
export function moduleSource(shape: EngineShape, simd: Simd): string {
  const {
    width: d,
    attentionWidth: a,
    hidden: r,
    features: f,
    actions,
    outputs,
    stride,
    norm,
    dropout,
    hiddenStride,
    qkvStride,
  } = shape;
  const pre = norm === "pre";
  /** Decisions' rows: after `pre`'s final norm side by side, else where their tokens are. */
  const decided = pre ? d : stride * d;
  const residual = dropout > 0 ? "bias" : "bias+extra";
  const back = pre ? "zero" : "extra";
  const products: Product[] = [
    { name: "embed", inner: f, columns: d, xStride: f, yStride: d, start: "bias" },
    { name: "qkv", inner: d, columns: 3 * a, xStride: d, yStride: "panels", start: "bias" },
    { name: "out", inner: a, columns: d, xStride: a, yStride: d, start: residual },
    { name: "up", inner: d, columns: r, xStride: d, yStride: hiddenStride, start: "bias", end: "relu" },
    { name: "down", inner: r, columns: d, xStride: hiddenStride, yStride: d, start: residual },
    { name: "head", inner: d, columns: outputs, xStride: decided, yStride: outputs, start: "bias" },
    { name: "headIn", inner: outputs, columns: d, xStride: outputs, yStride: decided, start: "zero" },
    { name: "downIn", inner: d, columns: r, xStride: d, yStride: hiddenStride, start: "zero", end: "gate" },
    { name: "upIn", inner: r, columns: d, xStride: hiddenStride, yStride: d, start: back },
    { name: "outIn", inner: d, columns: a, xStride: d, yStride: "panels", start: "zero" },
    { name: "qkvIn", inner: 3 * a, columns: d, xStride: qkvStride, yStride: d, start: back },
  ];
  const gradients: WeightGradient[] = [
    { name: "embedGradient", outer: d, columns: f, dyStride: d, xStride: f },
    { name: "qkvGradient", outer: 3 * a, columns: d, dyStride: qkvStride, xStride: d },
    { name: "outGradient", outer: d, columns: a, dyStride: d, xStride: a },
    { name: "upGradient", outer: r, columns: d, dyStride: hiddenStride, xStride: d },
    { name: "downGradient", outer: d, columns: r, dyStride: d, xStride: hiddenStride },
    { name: "headGradient", outer: outputs, columns: d, dyStride: outputs, xStride: decided },
  ];
  return [
    prelude(simd),
    elementwise(actions),
    PACKING,
    ...products.map((one) => product(one, shape.rows)),
    ...gradients.map(weightGradient),
    normForward("norm", shape, d),
    normBackward("normGradient", shape, d, pre),
    normForward("finalNorm", shape, stride * d),
    normBackward("finalNormGradient", shape, stride * d, false),
    attention(shape),
    ...(shape.rotary ? [rotary(shape)] : []),
  ].join("\n");
}
