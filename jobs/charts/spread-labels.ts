/**
 * Positions for labels in a column: as near as can be to where each wants to be, in the same order, at least `gap`
 * apart, and inside [low, high] where they fit (else below it, from `low` on). Least squares, by pooling neighbours
 * that are too close.
 */
export function spreadLabels(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  // With i gaps taken off, the i-th label may be anywhere not before the one above it: isotonic regression.
  const blocks: { sum: number; count: number }[] = [];
  order.forEach((label, i) => {
    let block = { sum: wanted[label] - i * gap, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count >= block.sum / block.count; last = blocks.at(-1)) {
      block = { sum: block.sum + last.sum, count: block.count + last.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  const highest = Math.max(low, high - (wanted.length - 1) * gap);
  const positions = new Array<number>(wanted.length);
  let i = 0;
  for (const { sum, count } of blocks) {
    const at = Math.min(Math.max(sum / count, low), highest);
    for (let k = 0; k < count; k++, i++) positions[order[i]] = at + i * gap;
  }
  return positions;
}
