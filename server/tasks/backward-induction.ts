/** Tables of a finite MDP, row-major; see `Truth` in task.ts. */
export interface MdpTables {
  readonly numStates: number;
  /** [S, A, B] */
  readonly successors: Int32Array;
  /** [S, A, B] */
  readonly probabilities: Float64Array;
  /** [S, A] */
  readonly rewards: Float64Array;
  /** [S]; absent when no state is terminal. */
  readonly terminal?: Uint8Array;
}

/** What to do at each stage of an episode, and what a mistake costs. Stage h has horizon - h steps to go. */
export interface OptimalPlan {
  /** V*_h(s), [H + 1, S]; the last row is 0. */
  readonly values: Float64Array;
  /** V*_h(s) - Q*_h(s, a) >= 0, [H, S, A]. */
  readonly regrets: Float64Array;
  /** Best action, lowest index on ties, [H, S]. */
  readonly actions: Int32Array;
}

/**
 * Solves a finite-horizon MDP: Q*_h(s, a) = r(s, a) + sum_s' P(s' | s, a) V*_{h+1}(s'), V*_h = max_a Q*_h, V*_H = 0, and 0 in
 * terminal states.
 *
 * Time O(H S A B), B the candidates of a pair. Source: Bellman (1957); Puterman (1994), section 4.5.
 */
export function backwardInduction(tables: MdpTables, horizon: number): OptimalPlan {
  const { numStates, successors, probabilities, rewards, terminal } = tables;
  const numActions = rewards.length / numStates;
  const branches = successors.length / rewards.length;
  const values = new Float64Array((horizon + 1) * numStates);
  const regrets = new Float64Array(horizon * numStates * numActions);
  const actions = new Int32Array(horizon * numStates);
  const q = new Float64Array(numActions);
  for (let h = horizon - 1; h >= 0; h--) {
    const next = (h + 1) * numStates;
    for (let s = 0; s < numStates; s++) {
      if (terminal?.[s] === 1) continue;
      let best = 0;
      for (let a = 0; a < numActions; a++) {
        const pair = s * numActions + a;
        let value = rewards[pair];
        for (let i = pair * branches; i < (pair + 1) * branches; i++) {
          value += probabilities[i] * values[next + successors[i]];
        }
        q[a] = value;
        if (value > q[best]) best = a;
      }
      const here = h * numStates + s;
      values[here] = q[best];
      actions[here] = best;
      for (let a = 0; a < numActions; a++) regrets[here * numActions + a] = q[best] - q[a];
    }
  }
  return { values, regrets, actions };
}
