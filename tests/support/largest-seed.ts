import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";

/** The largest task seed: what a tool that rounds 64-bit integers gets wrong. Decimal. */
export function largestSeed(rows: readonly TrajectoryRow[]): string {
  let largest = 0n;
  for (const { task_seed } of rows) if (task_seed !== null && task_seed > largest) largest = task_seed;
  return String(largest);
}
