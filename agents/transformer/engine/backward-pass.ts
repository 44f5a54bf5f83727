/** The pass of a sequence backwards, from the gradient of the head's outputs. */
import type { Kernels } from "./kernels.js";
import type { LayerWorkspace } from "./memory-plan.js";
import type { LinearPlace, NormPlace, SequenceInput, SequenceParts } from "./sequence-parts.js";
import { padded } from "./shape.js";

/** The pass that adds to the gradients from an address on those of `doutputs` in the workspace; for the sequence that was last forwards. */
export function backwardPass(parts: SequenceParts): (input: SequenceInput, gradients: number) => void {
  const { shape, work, kernels, pre, learned, keepsWeights } = parts;
  const { partBytes, headBytes, weightsBytes, offset } = parts;
  const { embed, head, finalNorm, blocks, output, drop, rotateBack, attentionWeights, decisionRows } = parts;
  const { width, heads, headWidth, attentionWidth, scale, stride, layers } = shape;

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
    const normGradient = (of: NormPlace, hat: number, scales: number): void => {
      const [dw, db] = [gradients + of.weightGradient, gradients + of.biasGradient];
      kernels.normGradient(rows, pre ? dy : dx, hat, scales, of.weight, dx, dw, db);
    };
    const gradient = (kernel: Kernels["upGradient"], map: LinearPlace, of: number, x: number): void =>
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
      rotateBack(rows);
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

  return backward;
}
