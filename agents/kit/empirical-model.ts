import type { Outcome, Trial } from "../../clients/typescript/define-agent.js";

/** Numbers of a node: successor, how often it was seen, next node of the same pair. */
const NODE = 3;
const STATE = 0;
const COUNT = 1;
const NEXT = 2;

/**
 * What was seen of a finite MDP: for each pair (s, a) its visits N, the sum of its rewards, and how often each successor
 * followed. With the counts n(s, a, s'), the empirical chance of s' is n(s, a, s') / N(s, a).
 *
 * Only successors that were seen take memory and time. They are kept in the order of the states, so that a sum over
 * them depends on the counts alone, to the last bit, and pairs that saw the same are tied.
 *
 * Shapes: S states, A actions, M models (1, or H where each stage of an episode has its own); B the successors seen of
 * a pair. Memory O(M S A + all B); a visit O(B) time.
 */
export class EmpiricalModel {
  /** N, [M, S, A]. */
  readonly visits: Float64Array;
  /** Sum of rewards, [M, S, A]. */
  readonly rewardSums: Float64Array;
  /** 1 for states in which an episode was seen to end before its horizon: nothing follows there. [S] */
  readonly ends: Uint8Array;
  readonly #stagePairs: number;
  readonly #numActions: number;
  readonly #horizon: number;
  /** First node of each pair, [M, S, A]; 0 where there is none. */
  readonly #first: Int32Array;
  /** Nodes of NODE numbers each; the first stays unused, as 0 means none. */
  #nodes = new Int32Array(16 * NODE);
  #used = NODE;

  /** @param stageDependent whether each stage of an episode has a model of its own */
  constructor(
    { numStates, numActions, horizon }: Pick<Trial, "numStates" | "numActions" | "horizon">,
    stageDependent = false,
  ) {
    const pairs = (stageDependent ? horizon : 1) * numStates * numActions;
    this.visits = new Float64Array(pairs);
    this.rewardSums = new Float64Array(pairs);
    this.ends = new Uint8Array(numStates);
    this.#stagePairs = stageDependent ? numStates * numActions : 0;
    this.#numActions = numActions;
    this.#horizon = horizon;
    this.#first = new Int32Array(pairs);
  }

  /** Where (s, a) of a stage is in `visits` and `rewardSums`. */
  pairAt(stage: number, state: number, action: number): number {
    return stage * this.#stagePairs + state * this.#numActions + action;
  }

  /** Takes in one step, its reward as it is or as the caller scales it. */
  learn({ state, step, action, nextState, terminated }: Outcome, reward: number): void {
    const pair = this.pairAt(step, state, action);
    this.visits[pair] += 1;
    this.rewardSums[pair] += reward;
    const node = this.#nodeOf(pair, nextState); // first, as it may replace the array
    this.#nodes[node + COUNT] += 1;
    if (terminated && step + 1 < this.#horizon) this.ends[nextState] = 1;
  }

  /** sum_s' n(pair, s') f(s'), f [S]. */
  sum(pair: number, f: Float64Array): number {
    const nodes = this.#nodes;
    let sum = 0;
    for (let node = this.#first[pair]; node > 0; node = nodes[node + NEXT]) {
      sum += nodes[node + COUNT] * f[nodes[node + STATE]];
    }
    return sum;
  }

  /** sum_s' n(pair, s') (f(s') - centre)^2, f [S]. */
  sumOfSquares(pair: number, f: Float64Array, centre: number): number {
    const nodes = this.#nodes;
    let sum = 0;
    for (let node = this.#first[pair]; node > 0; node = nodes[node + NEXT]) {
      const deviation = f[nodes[node + STATE]] - centre;
      sum += nodes[node + COUNT] * (deviation * deviation);
    }
    return sum;
  }

  /** Adds n(pair, s') to target[offset + s'] for all s'. */
  addCounts(pair: number, target: Float64Array, offset: number): void {
    const nodes = this.#nodes;
    for (let node = this.#first[pair]; node > 0; node = nodes[node + NEXT]) {
      target[offset + nodes[node + STATE]] += nodes[node + COUNT];
    }
  }

  /** The node of a successor, put in its place when it is new. */
  #nodeOf(pair: number, state: number): number {
    let before = 0;
    let node = this.#first[pair];
    while (node > 0 && this.#nodes[node + STATE] < state) {
      before = node;
      node = this.#nodes[node + NEXT];
    }
    if (node > 0 && this.#nodes[node + STATE] === state) return node;
    if (this.#used === this.#nodes.length) {
      const larger = new Int32Array(2 * this.#used);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    const added = this.#used;
    this.#used += NODE;
    this.#nodes[added + STATE] = state;
    this.#nodes[added + NEXT] = node;
    if (before > 0) this.#nodes[before + NEXT] = added;
    else this.#first[pair] = added;
    return added;
  }
}
