/** The pass of a sequence forwards. */
import type { Kernels } from "./kernels.js";
import type { LinearPlace, SequenceInput, SequenceParts } from "./sequence-parts.js";
import { padded } from "./shape.js";

/** The pass that leaves the head's outputs [rows, outputs] in the workspace. */
export function forwardPass(parts: SequenceParts): (input: SequenceInput) => void {
  const { config, shape, work, kernels, pre, learned } = parts;
  const { partBytes, headBytes, weightsBytes, value } = parts;
  const { embed, head, finalNorm, blocks, output, threshold, drop, rotate, attentionWeights, decisionRows } = parts;
  const { width, heads, headWidth, features } = shape;

  /** A sub-layer's last product: target = residual + drop(x W' + b). */
  const addSublayer = (
    kernel: Kernels["out"],
    input: SequenceInput,
    site: number,
    rows: number,
    x: number,
    map: LinearPlace,
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

  function forward(input: SequenceInput): void {
    const { tokens, length } = input;
    const rows = padded(length);
    kernels.padRows(tokens, work.tokens, length, config.tokenSize, rows, features);
    const begin = pre ? work.x : work.first;
    kernels.embed(rows, work.tokens, embed.out, embed.bias, begin, 0);
    if (learned) kernels.add(begin, value("position.weight"), rows * width);
    drop(input, 0, begin, begin, rows * width);
    for (const [i, block] of blocks.entries()) {
      const { norm1, qkv, out, norm2, up, down, work: own } = block;
      if (pre) kernels.norm(rows, work.x, norm1.weight, norm1.bias, own.norm1, own.hat1, own.scales1);
      kernels.qkv(rows, block.input, qkv.out, qkv.bias, own.qkv, 0);
      rotate(own, rows);
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

  return forward;
}
