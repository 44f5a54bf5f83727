import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";

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

/**
 * What to do with g steps to go, and what it is worth. Q* is not stored but computed from the values, so that a plan
 * takes 10 bytes a state and row; and rows end at G, where waiting longer only adds the same to all values.
 */
export interface OptimalPlan {
  /** Rows solved: the horizon H, or fewer where G steps to go already tell everything. */
  readonly rows: number;
  /** V*_g(s), [G + 1, S]; row 0 is 0. */
  readonly values: Float64Array;
  /** Best action with g steps to go, lowest index on ties, [G + 1, S]; row 0 is 0. */
  readonly actions: Uint16Array;
  /** V*_{g+1}(s) - V*_g(s) for every s and g >= G; 0 where G = H. */
  readonly gain: number;
}

/**
 * Solves a finite-horizon MDP, g the steps to go: Q*_g(s, a) = r(s, a) + sum_s' P(s' | s, a) V*_{g-1}(s'), V*_g =
 * max_a Q*_g, V*_0 = 0, and 0 in terminal states.
 *
 * Stops at the first G whose V*_G - V*_{G-1} is one number for all states: adding a constant to V adds it to every Q,
 * so every later row differs by that same number, up to rounding, and has the same best actions. (Where a state is
 * terminal the number is 0.) On a grid that is after about as many steps as it takes to cross it, however long an
 * episode is.
 *
 * Time O(G S A B), B the candidates of a pair. Source: Bellman (1957); Puterman (1994), sections 4.5 and 8.5.
 */
export function* backwardInduction(tables: MdpTables, horizon: number): Slices<OptimalPlan> {
  const { numStates } = tables;
  const values = new Float64Array((horizon + 1) * numStates);
  const actions = new Uint16Array((horizon + 1) * numStates);
  const rowWork = solvingWork(tables.rewards.length, tables.successors.length, 1);
  const enough = workMeter(OPERATIONS_PER_SLICE);
  for (let g = 1; g <= horizon; g++) {
    const row = g * numStates;
    const before = row - numStates;
    backUp(tables, values, actions, row);
    const gain = values[row] - values[before];
    let s = 1;
    while (s < numStates && values[row + s] - values[before + s] === gain) s++;
    if (s === numStates && g < horizon) {
      const end = row + numStates;
      return { rows: g, values: values.slice(0, end), actions: actions.slice(0, end), gain };
    }
    if (enough(rowWork)) yield;
  }
  return { rows: horizon, values, actions, gain: 0 };
}

/** Operations of solving so many rows of an MDP of so many pairs (s, a), with so many candidates in all. */
export function solvingWork(pairs: number, candidates: number, rows: number): number {
  return rows * (1.5 * candidates + 4 * pairs);
}

/** Bytes of a plan of so many rows. */
export function planBytes(numStates: number, rows: number): number {
  return 10 * numStates * (rows + 1);
}

const plans = new WeakMap<MdpTables, { readonly horizon: number; readonly plan: OptimalPlan }>();

/** The plan of an MDP, solved once for tables that are the same object: trials that share their tables share the plan. */
export function* planOf(tables: MdpTables, horizon: number): Slices<OptimalPlan> {
  const known = plans.get(tables);
  if (known?.horizon === horizon) return known.plan;
  const plan = yield* backwardInduction(tables, horizon);
  plans.set(tables, { horizon, plan });
  return plan;
}

/** Fills the row of `values` and `actions` that begins at `row`, from the one before it. */
function backUp(
  { numStates, successors, probabilities, rewards, terminal }: MdpTables,
  values: Float64Array,
  actions: Uint16Array,
  row: number,
): void {
  const numActions = rewards.length / numStates;
  const branches = successors.length / rewards.length;
  const before = row - numStates;
  for (let s = 0; s < numStates; s++) {
    if (terminal?.[s] === 1) continue;
    let best = 0;
    let value = Number.NEGATIVE_INFINITY;
    for (let a = 0; a < numActions; a++) {
      const q = backedUp(successors, probabilities, rewards, branches, values, before, s * numActions + a);
      if (q > value) {
        best = a;
        value = q;
      }
    }
    values[row + s] = value;
    actions[row + s] = best;
  }
}

/** V*(state) with `stepsToGo` steps to go, up to the plan's horizon. */
export function optimalValue(plan: OptimalPlan, numStates: number, stepsToGo: number, state: number): number {
  const row = Math.min(stepsToGo, plan.rows);
  return plan.values[row * numStates + state] + (stepsToGo - row) * plan.gain;
}

/** The best action, the lowest index on ties. */
export function optimalAction(plan: OptimalPlan, numStates: number, stepsToGo: number, state: number): number {
  return plan.actions[Math.min(stepsToGo, plan.rows) * numStates + state];
}

/** V* - Q* of an action with `stepsToGo` >= 1 steps to go, in a state that is not terminal: at least 0, 0 for the best. */
export function regretOfAction(
  tables: MdpTables,
  plan: OptimalPlan,
  stepsToGo: number,
  state: number,
  action: number,
): number {
  const { numStates, successors, probabilities, rewards } = tables;
  const row = Math.min(stepsToGo, plan.rows) * numStates;
  const pair = state * (rewards.length / numStates) + action;
  const branches = successors.length / rewards.length;
  const q = backedUp(successors, probabilities, rewards, branches, plan.values, row - numStates, pair);
  return plan.values[row + state] - q;
}

/** r(s, a) + sum_s' P(s' | s, a) V(s'), V the row of `values` from `row` on. */
function backedUp(
  successors: Int32Array,
  probabilities: Float64Array,
  rewards: Float64Array,
  branches: number,
  values: Float64Array,
  row: number,
  pair: number,
): number {
  let value = rewards[pair];
  const end = (pair + 1) * branches;
  for (let i = pair * branches; i < end; i++) value += probabilities[i] * values[row + successors[i]];
  return value;
}
