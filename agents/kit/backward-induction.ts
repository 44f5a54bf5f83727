/** What a backup sees of the stage after: Q of (state, action) at a stage from the values of the states it leads to. */
export type Backup = (stage: number, state: number, action: number, nextValues: Float64Array) => number;

/**
 * Dynamic programming over a finite horizon, last stage first:
 *
 *   Q_h(s, a) = backup(h, s, a, V_{h+1}),   V_h(s) = max_a Q_h(s, a)
 *
 * For a known model the backup is r(s, a) + sum_s' P(s' | s, a) V_{h+1}(s'). What V is after the last stage is for the caller to
 * say, in `values` (zeros, as a rule); V of the first stage is there at the end. Allocates nothing.
 *
 * Shapes: S states, A actions, H stages; q [H, S, A]; values and scratch [S].
 * Source: Bellman (1957); Puterman (1994), section 4.5.
 */
export function backwardInduction(
  numActions: number,
  horizon: number,
  backup: Backup,
  q: Float64Array,
  values: Float64Array,
  scratch: Float64Array,
): void {
  const numStates = values.length;
  let next = values;
  let now = scratch;
  for (let stage = horizon - 1; stage >= 0; stage--) {
    let index = stage * numStates * numActions;
    for (let state = 0; state < numStates; state++) {
      let best = -Infinity;
      for (let action = 0; action < numActions; action++, index++) {
        const value = backup(stage, state, action, next);
        q[index] = value;
        if (value > best) best = value;
      }
      now[state] = best;
    }
    const swap = next;
    next = now;
    now = swap;
  }
  if (next !== values) values.set(next);
}
