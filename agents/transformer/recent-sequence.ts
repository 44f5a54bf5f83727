import type { Sequence } from "./infer.js";

/**
 * A sequence of which no more than the last tokens are seen, as if the first of them were the beginning. Where a token has left, all
 * that are seen are computed anew: a decision costs as much as so many tokens.
 *
 * Shapes: F tokenSize.
 *
 * @param inner the memory it works in, which nobody else uses
 * @param tokens most tokens seen; fewer where a decision's tokens would be torn apart
 * @param stride tokens a decision
 */
export function recentSequence(inner: Sequence, tokenSize: number, tokens: number, stride: number): Sequence {
  // Outputs are read at tokens 0, stride, ...; the first that is seen must be such a one too.
  const reach = tokens - ((tokens - 1) % stride);
  const ring = Array.from({ length: reach }, () => new Float32Array(tokenSize)); // token i at i mod reach
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(token) {
      ring[length % reach].set(token);
      if (length < reach) inner.push(token);
      length += 1;
    },
    outputs(target) {
      if (length > reach) {
        inner.clear();
        for (let i = length - reach; i < length; i += 1) inner.push(ring[i % reach]);
      }
      inner.outputs(target);
    },
    clear() {
      inner.clear();
      length = 0;
    },
  };
}
