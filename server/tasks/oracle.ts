/**
 * The oracle: judges actions by an instance's truth. With the tasks themselves it is the only code that reads it.
 *
 * Regret is pseudo-regret: differences of expected values under the truth, with none of the reward noise (docs/tasks.md).
 */
import { OPERATIONS_PER_SLICE, runAtOnce, type Slices, workMeter } from "../../common/slices.js";
import { type OptimalPlan, optimalAction, optimalValue, planOf, regretOfAction } from "./backward-induction.js";
import { curveSteps } from "./curve-steps.js";
import type { Env, Task, Truth } from "./task.js";

type BanditTruth = Extract<Truth, { type: "bandit" }>;
type MdpTruth = Extract<Truth, { type: "mdp" }>;

/** Judges one env, a trial long. The fields hold what the last call left; nothing is allocated per step. */
export interface Oracle {
  /** Pseudo-regret of the last judged action: at least 0, a float32 value. */
  readonly regret: number;
  /** Best action where the last one was judged, the lowest index on ties. */
  readonly optimalAction: number;
  /**
   * Expected return of the best policy from the first state of the current episode. Where arms are fresh it is the sum over the
   * steps judged so far: complete once every step was judged.
   */
  readonly episodeValue: number;
  /** Whether an action is worth the same at every step, so that the actions of an episode can be judged at its end as well. */
  readonly steady: boolean;
  /** Call after each `env.reset`. */
  beginEpisode(): void;
  /** The best action now, the lowest index on ties; arguments as for `judge`, before it. */
  best(step: number, state: number): number;
  /**
   * Marks all actions that are best now, 1 where one is and 0 elsewhere; gives how many. Those whose values differ by rounding alone count
   * as equally good: by no more than `TIE` of the value, and of 1 where that is less. Shapes: marks [A].
   */
  markBest(step: number, state: number, marks: Uint8Array): number;
  /** Judges an action; unless `steady`, call once before each `env.step`. `step` counts within the episode from 0, `state` is `env.state`. */
  judge(step: number, state: number, action: number): void;
}

/** Share of a value by which equally good actions may differ: what sums in another order leave. */
export const TIE = 1e-9;

/** The oracle of an env that `task.instantiate` gave. */
export function createOracle(task: Task, env: Env): Oracle {
  return runAtOnce(oracleOf(task, env));
}

function* oracleOf({ horizon }: Task, env: Env): Slices<Oracle> {
  const { truth } = env;
  if (truth.type === "mdp") return new MdpOracle(env, truth, horizon, yield* planOf(truth, horizon));
  return truth.fresh ? new FreshBanditOracle(truth.means) : new FixedBanditOracle(truth.means, horizon);
}

/** Bytes of an instance of which few may be under way at once. */
const LARGE_BYTES = 1 << 18;

/** Draws an instance and solves it, in slices: an env, not yet reset, and its oracle. */
export function* drawJudged(
  task: Task,
  taskSeed: bigint,
  noiseSeed: bigint,
): Slices<{ readonly env: Env; readonly oracle: Oracle }> {
  const large = task.cost.bytes > LARGE_BYTES;
  if (large) yield "begins";
  const env = yield* task.draw(taskSeed, noiseSeed);
  const oracle = yield* oracleOf(task, env);
  if (large) yield "ends";
  return { env, oracle };
}

/** Regret max mean - mean(a), the same at every step. */
class FixedBanditOracle implements Oracle {
  readonly steady = true;
  regret = 0;
  readonly optimalAction: number;
  readonly episodeValue: number;
  readonly #means: Float64Array;
  readonly #best: number;

  constructor(means: Float64Array, horizon: number) {
    this.#means = means;
    this.optimalAction = argmax(means);
    this.#best = means[this.optimalAction];
    this.episodeValue = horizon * this.#best;
  }

  beginEpisode(): void {}

  best(): number {
    return this.optimalAction;
  }

  markBest(_step: number, _state: number, marks: Uint8Array): number {
    return markLargest(this.#means, this.#best, marks);
  }

  judge(_step: number, _state: number, action: number): void {
    this.regret = Math.fround(this.#best - this.#means[action]);
  }
}

/** Regret max mean - mean(a) among the arms of the coming step. */
class FreshBanditOracle implements Oracle {
  readonly steady = false;
  regret = 0;
  optimalAction = 0;
  episodeValue = 0;
  readonly #means: Float64Array;

  constructor(means: Float64Array) {
    this.#means = means;
  }

  beginEpisode(): void {
    this.episodeValue = 0;
  }

  best(): number {
    return argmax(this.#means);
  }

  markBest(_step: number, _state: number, marks: Uint8Array): number {
    return markLargest(this.#means, this.#means[argmax(this.#means)], marks);
  }

  judge(_step: number, _state: number, action: number): void {
    this.optimalAction = argmax(this.#means);
    const best = this.#means[this.optimalAction];
    this.episodeValue += best;
    this.regret = Math.fround(best - this.#means[action]);
  }
}

/** Regret V*_h(s) - Q*_h(s, a). */
class MdpOracle implements Oracle {
  readonly steady = false;
  regret = 0;
  optimalAction = 0;
  episodeValue = 0;
  readonly #env: Env;
  readonly #truth: MdpTruth;
  readonly #horizon: number;
  readonly #plan: OptimalPlan;

  constructor(env: Env, truth: MdpTruth, horizon: number, plan: OptimalPlan) {
    this.#env = env;
    this.#truth = truth;
    this.#horizon = horizon;
    this.#plan = plan;
  }

  beginEpisode(): void {
    this.episodeValue = optimalValue(this.#plan, this.#truth.numStates, this.#horizon, this.#env.state);
  }

  best(step: number, state: number): number {
    return optimalAction(this.#plan, this.#truth.numStates, this.#horizon - step, state);
  }

  markBest(step: number, state: number, marks: Uint8Array): number {
    const stepsToGo = this.#horizon - step;
    const margin = TIE * Math.max(1, Math.abs(optimalValue(this.#plan, this.#truth.numStates, stepsToGo, state)));
    let best = 0;
    for (let action = 0; action < marks.length; action++) {
      const regret = regretOfAction(this.#truth, this.#plan, stepsToGo, state, action);
      marks[action] = regret <= margin ? 1 : 0;
      best += marks[action];
    }
    return best;
  }

  judge(step: number, state: number, action: number): void {
    const stepsToGo = this.#horizon - step;
    this.optimalAction = optimalAction(this.#plan, this.#truth.numStates, stepsToGo, state);
    this.regret = Math.fround(regretOfAction(this.#truth, this.#plan, stepsToGo, state, action));
  }
}

/** What can be told of an instance once nobody plays it for a result any more. */
export interface RevealedInstance {
  /** Mean reward of each arm, [A]; undefined where arms are drawn anew at each step, and for MDPs. */
  readonly means: Float64Array | undefined;
  /**
   * Of an MDP: what is observed in the states to which an action of the largest mean reward leads for sure, and whether the episode
   * ends there. On a grid these are the cells where something is hidden. Empty for bandits.
   */
  readonly goals: readonly { readonly observation: number; readonly ends: boolean }[];
}

/**
 * Draws an instance again from its seeds and tells what was hidden in it: for people who look at a trajectory afterwards. Whoever calls it
 * answers for the match being over.
 */
export function* revealInstance(task: Task, taskSeed: bigint, noiseSeed: bigint): Slices<RevealedInstance> {
  const { truth } = yield* task.draw(taskSeed, noiseSeed);
  if (truth.type === "bandit") return { means: truth.fresh ? undefined : truth.means.slice(), goals: [] };
  const { rewards, successors, probabilities, terminal } = truth;
  const branches = successors.length / rewards.length;
  let largest = Number.NEGATIVE_INFINITY;
  for (const reward of rewards) largest = Math.max(largest, reward);
  const states = new Set<number>();
  for (let i = 0; i < successors.length; i++) {
    if (probabilities[i] === 1 && rewards[Math.floor(i / branches)] === largest) states.add(successors[i]);
  }
  // Where a state holds more than is observed, it is the observation plus a multiple of their number.
  const shown = task.observationSpace.type === "discrete" ? task.observationSpace.n : truth.numStates;
  return {
    means: undefined,
    goals: [...states].map((state) => ({ observation: state % shown, ends: terminal?.[state] === 1 })),
  };
}

/**
 * Exact expected cumulative pseudo-regret of playing uniformly at random, at each of `curveSteps(task)`: what a forfeited trial
 * counts as. For fresh arms it is the expectation given the arms that this noise seed shows.
 */
export function* uniformRegret(task: Task, taskSeed: bigint, noiseSeed: bigint): Slices<Float64Array> {
  const large = task.cost.bytes > LARGE_BYTES;
  if (large) yield "begins";
  const env = yield* task.draw(taskSeed, noiseSeed);
  const perStep = yield* env.truth.type === "mdp"
    ? mdpUniformRegret(task, env.truth)
    : banditUniformRegret(task, env, env.truth);
  if (large) yield "ends";
  const curve = new Float64Array(curveSteps(task).length);
  if (task.episodes === 1) {
    let sum = 0;
    for (let t = 0; t < curve.length; t++) curve[t] = sum += perStep[t];
  } else {
    const perEpisode = perStep.reduce((sum, regret) => sum + regret, 0);
    for (let k = 0; k < curve.length; k++) curve[k] = (k + 1) * perEpisode;
  }
  return curve;
}

/** Expected regret of each step of the episode, [T]. */
function* banditUniformRegret(task: Task, env: Env, truth: BanditTruth): Slices<Float64Array> {
  const perStep = new Float64Array(task.horizon);
  env.reset(0);
  if (!truth.fresh) return perStep.fill(regretOfUniform(truth.means));
  const enough = workMeter(OPERATIONS_PER_SLICE);
  for (let t = 0; t < task.horizon; t++) {
    perStep[t] = regretOfUniform(truth.means);
    env.step(0);
    if (enough(task.cost.step)) yield;
  }
  return perStep;
}

function regretOfUniform(means: Float64Array): number {
  const best = means[argmax(means)];
  let sum = 0;
  for (const mean of means) sum += best - mean;
  return sum / means.length;
}

/** Expected regret of each step of an episode, [H]: the regrets, weighted with where uniform play is by then. */
function* mdpUniformRegret(task: Task, truth: MdpTruth): Slices<Float64Array> {
  const { numStates, successors, rewards, start } = truth;
  const plan = yield* planOf(truth, task.horizon);
  const perStep = new Float64Array(task.horizon);
  const stepWork = uniformStepWork(rewards.length, successors.length);
  const enough = workMeter(OPERATIONS_PER_SLICE);
  let occupancy = Float64Array.from(start);
  for (let h = 0; h < task.horizon; h++) {
    const next = new Float64Array(numStates);
    perStep[h] = uniformStep(truth, plan, task.horizon - h, occupancy, next);
    occupancy = next;
    if (enough(stepWork)) yield;
  }
  return perStep;
}

/** Operations of a step of uniform play, on an MDP of so many pairs (s, a), with so many candidates in all. */
export function uniformStepWork(pairs: number, candidates: number): number {
  return 4 * candidates + 12 * pairs;
}

/** Expected regret of a step of uniform play from where it is, [S]; adds to `next`, [S], where it is then. */
function uniformStep(
  truth: MdpTruth,
  plan: OptimalPlan,
  stepsToGo: number,
  occupancy: Float64Array,
  next: Float64Array,
): number {
  const { numStates, successors, probabilities, rewards, terminal } = truth;
  const numActions = rewards.length / numStates;
  const branches = successors.length / rewards.length;
  let regret = 0;
  for (let s = 0; s < numStates; s++) {
    if (occupancy[s] === 0 || terminal?.[s] === 1) continue;
    const weight = occupancy[s] / numActions;
    for (let a = 0; a < numActions; a++) {
      const pair = s * numActions + a;
      regret += weight * regretOfAction(truth, plan, stepsToGo, s, a);
      for (let i = pair * branches; i < (pair + 1) * branches; i++) next[successors[i]] += weight * probabilities[i];
    }
  }
  return regret;
}

/** Marks the values that are as large as the largest; gives how many. */
function markLargest(values: Float64Array, largest: number, marks: Uint8Array): number {
  const margin = TIE * Math.max(1, Math.abs(largest));
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    marks[i] = values[i] >= largest - margin ? 1 : 0;
    count += marks[i];
  }
  return count;
}

function argmax(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
