/**
 * One sequence forwards, and backwards from the gradient of the head's outputs: the model of ../model.ts, in the kernels' calls. Rows beyond the
 * sequence's length are computed as well, up to a multiple of 8; nothing that is seen depends on them, and their gradients are 0.
 */
import { alibiSlope, type ModelConfig } from "../model-config.js";
import { dropKey } from "./drop-key.js";
import type { Kernels } from "./kernels.js";
import type { LayerWorkspace, MemoryPlan, Workspace } from "./memory-plan.js";
import type { ParameterLayout } from "./parameter-layout.js";
import { type EngineShape, padded } from "./shape.js";

/** One sequence of a batch. */
export interface SequenceInput {
  /** Address of its tokens, [L, token_size]. */
  readonly tokens: number;
  /** L. */
  readonly length: number;
  /** What its dropout is drawn from; absent: none. */
  readonly dropout?: { readonly seed: number; readonly sequence: number };
}

/** Both passes, in a thread's workspace. */
export interface SequencePass {
  /** Leaves the head's outputs [rows, outputs] in the workspace. */
  forward(input: SequenceInput): void;
  /** Adds to the gradients from that address on, those of `doutputs` in the workspace; for the sequence that was last forwards. */
  backward(input: SequenceInput, gradients: number): void;
}

/** The passes of a model. */
export function sequencePass(
  config: ModelConfig,
  shape: EngineShape,
  layout: ParameterLayout,
  { parameters, packed, keepsWeights }: MemoryPlan,
  work: Workspace,
  kernels: Kernels,
): SequencePass {
  const { width, heads, headWidth, attentionWidth, scale, features, stride, layers } = shape;
  const pre = shape.norm === "pre";
  const learned = config.positions === "learned";
  const panelBytes = shape.rows * 32;
  const partBytes = (attentionWidth / 8) * panelBytes; // from q to k, from k to v
  const headBytes = (headWidth / 8) * panelBytes;
  const weightsBytes = keepsWeights ? shape.rows * shape.scoreColumns * 4 : 0;
  const slopes = Array.from({ length: heads }, (_, h) => alibiSlope(h, heads) / scale);

  const offset = (name: string) => 4 * layout.slot(name).offset;
  const value = (name: string) => parameters + offset(name);
  /** A linear map's addresses. */
  const linear = (name: string) => {
    const pack = packed.get(`${name}.weight`);
    return {
      out: pack?.out as number,
      in: pack?.in ?? 0,
      bias: value(`${name}.bias`),
      weightGradient: offset(`${name}.weight`),
      biasGradient: offset(`${name}.bias`),
    };
  };
  const norm = (name: string) => ({
    weight: value(`${name}.weight`),
    bias: value(`${name}.bias`),
    weightGradient: offset(`${name}.weight`),
    biasGradient: offset(`${name}.bias`),
  });
  const embed = linear("embed");
  const head = linear("head");
  const finalNorm = pre ? norm("final_norm") : undefined;
  const blocks = Array.from({ length: layers }, (_, i) => ({
    norm1: norm(`layers.${i}.norm1`),
    qkv: linear(`layers.${i}.attention.qkv`),
    out: linear(`layers.${i}.attention.out`),
    norm2: norm(`layers.${i}.norm2`),
    up: linear(`layers.${i}.mlp.up`),
    down: linear(`layers.${i}.mlp.down`),
    // What goes into both sub-layers, of a layer's workspace.
    work: work.layers[i],
    input: pre ? work.layers[i].norm1 : i === 0 ? work.first : work.layers[i - 1].norm2,
    middle: pre ? work.layers[i].norm2 : work.layers[i].norm1,
  }));
  const output = pre ? work.last : blocks[layers - 1].work.norm2;

  const threshold = Math.round(shape.dropout * 2 ** 24);
  const keep = 1 / (1 - threshold / 2 ** 24);
  /** Address of what is kept of `from`: `to`, or `from` itself where nothing is dropped. */
  const drop = (input: SequenceInput, site: number, from: number, to: number, n: number): number => {
    if (threshold === 0) return from;
    if (input.dropout === undefined) return from;
    kernels.drop(from, to, n, dropKey(input.dropout.seed, input.dropout.sequence, site), threshold, keep);
    return to;
  };

  /** A sub-layer's last product: target = residual + drop(x W' + b). */
  const addSublayer = (
    kernel: Kernels["out"],
    input: SequenceInput,
    site: number,
    rows: number,
    x: number,
    map: ReturnType<typeof linear>,
    residual: number,
    target: number,
  ): void => {
    if (threshold === 0) {
      kernel(rows, x, map.out, map.bias, target, residual);
      return;
    }
    kernel(rows, x, map.out, map.bias, work.dropped, 0);
    drop(input, site, work.dropped, work.dropped, rows * width);
    if (target !== residual) kernels.copy(residual, target, rows * width);
    kernels.add(target, work.dropped, rows * width);
  };

  const attentionWeights = ({ qkv, weights, factors }: LayerWorkspace, h: number, rows: number): void => {
    kernels.transpose(rows, qkv + partBytes + h * headBytes, work.columns);
    const E = weights + h * weightsBytes;
    kernels.attentionWeights(rows, qkv + h * headBytes, work.columns, E, factors + h * shape.rows * 4, slopes[h]);
  };

  function forward(input: SequenceInput): void {
    const { tokens, length } = input;
    const rows = padded(length);
    kernels.padRows(tokens, work.tokens, length, config.token_size, rows, features);
    const begin = pre ? work.x : work.first;
    kernels.embed(rows, work.tokens, embed.out, embed.bias, begin, 0);
    if (learned) kernels.add(begin, value("position.weight"), rows * width);
    drop(input, 0, begin, begin, rows * width);
    for (const [i, block] of blocks.entries()) {
      const { norm1, qkv, out, norm2, up, down, work: own } = block;
      if (pre) kernels.norm(rows, work.x, norm1.weight, norm1.bias, own.norm1, own.hat1, own.scales1);
      kernels.qkv(rows, block.input, qkv.out, qkv.bias, own.qkv, 0);
      for (let h = 0; h < heads; h += 1) {
        attentionWeights(own, h, rows);
        kernels.attentionOutput(
          rows,
          own.weights + h * weightsBytes,
          own.factors + h * shape.rows * 4,
          own.qkv + 2 * partBytes + h * headBytes,
          own.heads + h * headWidth * 4,
        );
      }
      addSublayer(kernels.out, input, 2 * i + 1, rows, own.heads, out, pre ? work.x : block.input, work.x);
      const second = pre ? norm2 : norm1;
      const [hat, scales] = pre ? [own.hat2, own.scales2] : [own.hat1, own.scales1];
      kernels.norm(rows, work.x, second.weight, second.bias, block.middle, hat, scales);
      kernels.up(rows, block.middle, up.out, up.bias, own.hidden, 0);
      addSublayer(kernels.down, input, 2 * i + 2, rows, own.hidden, down, pre ? work.x : block.middle, work.x);
      if (!pre) kernels.norm(rows, work.x, norm2.weight, norm2.bias, own.norm2, own.hat2, own.scales2);
    }
    const decisions = decisionRows(length);
    if (finalNorm !== undefined) {
      const { weight, bias } = finalNorm;
      kernels.finalNorm(decisions, work.x, weight, bias, work.last, work.lastHat, work.lastScales);
    }
    kernels.head(decisions, output, head.out, head.bias, work.outputs, 0);
  }

  const decisionRows = (length: number) => Math.ceil(Math.ceil(length / stride) / 4) * 4;

  function backward(input: SequenceInput, gradients: number): void {
    const { length } = input;
    const rows = padded(length);
    const n = rows * width;
    const decisions = decisionRows(length);
    const { dx, dy } = work;
    kernels.headGradient(
      decisions,
      work.doutputs,
      output,
      gradients + head.weightGradient,
      gradients + head.biasGradient,
    );
    // Rows that are no decision's have no gradient yet.
    if (stride > 1 || decisions < rows) kernels.clear(dx, n);
    if (finalNorm === undefined) kernels.headIn(decisions, work.doutputs, head.in, 0, dx, 0);
    else {
      kernels.headIn(decisions, work.doutputs, head.in, 0, dy, 0);
      const { weight, weightGradient, biasGradient } = finalNorm;
      kernels.finalNormGradient(
        decisions,
        dy,
        work.lastHat,
        work.lastScales,
        weight,
        dx,
        gradients + weightGradient,
        gradients + biasGradient,
      );
    }
    /** Of a norm of the layer: `pre` adds to dx what comes from dy; `post` replaces dx. */
    const normGradient = (of: ReturnType<typeof norm>, hat: number, scales: number): void => {
      const [dw, db] = [gradients + of.weightGradient, gradients + of.biasGradient];
      kernels.normGradient(rows, pre ? dy : dx, hat, scales, of.weight, dx, dw, db);
    };
    const gradient = (kernel: Kernels["upGradient"], map: ReturnType<typeof linear>, of: number, x: number): void =>
      kernel(rows, of, x, gradients + map.weightGradient, gradients + map.biasGradient);
    const into = pre ? dy : dx;
    for (let i = layers - 1; i >= 0; i -= 1) {
      const { norm1, qkv, out, norm2, up, down, work: own, input: first, middle } = blocks[i];
      if (!pre) normGradient(norm2, own.hat2, own.scales2);
      const dmlp = drop(input, 2 * i + 2, dx, work.dropped, n);
      gradient(kernels.downGradient, down, dmlp, own.hidden);
      kernels.downIn(rows, dmlp, down.in, 0, work.dhidden, own.hidden);
      gradient(kernels.upGradient, up, work.dhidden, middle);
      kernels.upIn(rows, work.dhidden, up.in, 0, into, dx);
      normGradient(pre ? norm2 : norm1, pre ? own.hat2 : own.hat1, pre ? own.scales2 : own.scales1);
      const dattention = drop(input, 2 * i + 1, dx, work.dropped, n);
      gradient(kernels.outGradient, out, dattention, own.heads);
      kernels.outIn(rows, dattention, out.in, 0, work.dheads, 0);
      for (let h = 0; h < heads; h += 1) attentionGradient(own, h, rows);
      gradient(kernels.qkvGradient, qkv, work.dqkv, first);
      kernels.qkvIn(rows, work.dqkv, qkv.in, 0, into, dx);
      if (pre) normGradient(norm1, own.hat1, own.scales1);
    }
    const dembed = drop(input, 0, dx, dx, n);
    if (learned) kernels.add(gradients + offset("position.weight"), dembed, n);
    kernels.embedGradient(rows, dembed, work.tokens, gradients + embed.weightGradient, gradients + embed.biasGradient);
  }

  function attentionGradient(own: LayerWorkspace, h: number, rows: number): void {
    if (!keepsWeights) attentionWeights(own, h, rows);
    const { dqkv, corrections, columns, dscores } = work;
    const q = own.qkv + h * headBytes;
    const k = q + partBytes;
    const v = k + partBytes;
    const p = work.dheads + h * headBytes;
    const E = own.weights + h * weightsBytes;
    const to = dqkv + h * headWidth * 4;
    kernels.attentionScale(rows, p, own.factors + h * shape.rows * 4, own.heads + h * headWidth * 4, corrections);
    kernels.transpose(rows, v, columns);
    // First, because it goes along rows: after it E is in the cache, where sums down columns need it.
    kernels.attentionQueryGradient(rows, E, p, columns, corrections, k, dscores, to);
    kernels.attentionColumnSums(rows, E, p, to + 8 * attentionWidth, 1);
    kernels.attentionColumnSums(rows, dscores, q, to + 4 * attentionWidth, scale);
  }

  return { forward, backward };
}
