/**
 * Tokens: what the transformer sees of a trial. A trial is one sequence, across its episodes.
 *
 * A token holds the features of a situation (what a decision is made in) and of an outcome (what came of a decision):
 *
 * | block | size | of |
 * |---|---|---|
 * | features of the arms, row by row; absent arms are 0 (not in layout `chosen-arm`) | A d | situation |
 * | observed state, one-hot; nothing where there is one state | S | situation |
 * | step in the episode over the horizon, in [0, 1) | 1 | situation |
 * | 1 where an episode begins | 1 | situation |
 * | layout `transition` alone: state it was decided in, one-hot; nothing where there is one state | S | outcome |
 * | layout `transition` alone: step in the episode that it was, over the horizon | 1 | outcome |
 * | action taken, one-hot; in layout `chosen-arm`: features of the arm taken, and those times the reward | A; 2 d | outcome |
 * | reward, minus `rewardMean`, over `rewardStd` | 1 | outcome |
 * | 1: there is an outcome | 1 | outcome |
 * | 1 where that step's episode terminated | 1 | outcome |
 * | 1 where it was truncated | 1 | outcome |
 * | layout `transition` alone: state it led to, one-hot, an episode's last one too; nothing where there is one state, zeros where it is unknown | S | outcome |
 *
 * Layout `step` has one token a step: situation t and outcome t - 1. Layout `lin2023` has two, one after the other: situation t,
 * outcome t, as in Lin, Bai & Mei (2023), section 2. Layout `chosen-arm` is `step` for arms that are known by their features: their
 * places and their number mean nothing to it, and the head scores them by their features (arm-scores.ts). Layout `transition` is `step` for
 * tasks with states: outcome t - 1 is all of (h, s, a, r, s'), so that an experience is one token, and need not be put together of two
 * before it can be looked up. The decision of step t is read at the token with situation t. The last observation of an episode that ended is
 * in no token but in layout `transition`.
 *
 * Shapes: A = maxActions, d = dim, S = numStates (0 if 1); F = tokenSize.
 */
import type { Trial } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";

/** Kinds of tokens. */
export const LAYOUTS = ["step", "lin2023", "chosen-arm", "transition"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** How trials become tokens, `tokens` in a checkpoint's config.json. */
export interface TokenConfig {
  readonly layout: Layout;
  /** A, most actions of a task. */
  readonly maxActions: number;
  /** S, most states; 1 for bandits. */
  readonly numStates: number;
  /** d, features of an arm; 0: none. */
  readonly dim: number;
  /** Steps of an episode, that the step in it is divided by. */
  readonly horizon: number;
  /** Of the rewards of the training data. */
  readonly rewardMean: number;
  /** Of the rewards of the training data; positive. */
  readonly rewardStd: number;
}

/** What a decision is made in. */
export interface Situation {
  /** Features of the arms, [rows, d] with rows <= A; undefined where arms have none. */
  readonly arms: ArrayLike<number> | undefined;
  /** 0 <= state < S. */
  readonly state: number;
  /** Step in the episode, from 0. */
  readonly step: number;
}

/** What came of a decision. */
export interface DecisionOutcome {
  readonly action: number;
  /** What it was chosen from: the situation's `arms`. */
  readonly arms?: ArrayLike<number> | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** For layout `transition`: the situation's `state` and `step`, and the state that it led to; absent or negative: not known. */
  readonly state?: number;
  readonly step?: number;
  readonly nextState?: number;
}

const statesOf = ({ numStates }: TokenConfig): number => (numStates > 1 ? numStates : 0);
const byFeatures = ({ layout }: Pick<TokenConfig, "layout">): boolean => layout === "chosen-arm";
const isWhole = ({ layout }: Pick<TokenConfig, "layout">): boolean => layout === "transition";
const armsSize = (config: TokenConfig): number => (byFeatures(config) ? 0 : config.maxActions * config.dim);
const situationSize = (config: TokenConfig): number => armsSize(config) + statesOf(config) + 2;
const actionSize = (config: TokenConfig): number => (byFeatures(config) ? 2 * config.dim : config.maxActions);
/** Features of an outcome before its action. */
const originSize = (config: TokenConfig): number => (isWhole(config) ? statesOf(config) + 1 : 0);
const targetSize = (config: TokenConfig): number => (isWhole(config) ? statesOf(config) : 0);

/** F, features of a token. */
export function tokenSize(config: TokenConfig): number {
  return situationSize(config) + originSize(config) + actionSize(config) + 4 + targetSize(config);
}

/** Tokens a step. */
export function tokensPerStep({ layout }: Pick<TokenConfig, "layout">): 1 | 2 {
  return layout === "lin2023" ? 2 : 1;
}

/** Writes a situation's features into a token of zeros that begins at `target[at]`. */
export function writeSituation(target: Float32Array, at: number, config: TokenConfig, situation: Situation): void {
  const { arms, state, step } = situation;
  if (arms !== undefined && armsSize(config) > 0) target.set(arms, at);
  const states = statesOf(config);
  const afterArms = at + armsSize(config);
  if (states > 0) target[afterArms + state] = 1;
  target[afterArms + states] = step / config.horizon;
  target[afterArms + states + 1] = step === 0 ? 1 : 0;
}

/** Writes an outcome's features into a token without one that begins at `target[at]`. */
export function writeOutcome(target: Float32Array, at: number, config: TokenConfig, outcome: DecisionOutcome): void {
  const { dim } = config;
  const origin = at + situationSize(config);
  const actions = origin + originSize(config);
  const after = actions + actionSize(config);
  const reward = (outcome.reward - config.rewardMean) / config.rewardStd;
  if (byFeatures(config)) {
    const { arms, action } = outcome;
    for (let i = 0; i < dim; i += 1) {
      const feature = (arms as ArrayLike<number>)[action * dim + i];
      target[actions + i] = feature;
      target[actions + dim + i] = reward * feature;
    }
  } else target[actions + outcome.action] = 1;
  target[after] = reward;
  target[after + 1] = 1;
  target[after + 2] = outcome.terminated ? 1 : 0;
  target[after + 3] = outcome.truncated ? 1 : 0;
  if (!isWhole(config)) return;
  const { state = -1, step = 0, nextState = -1 } = outcome;
  const states = statesOf(config);
  if (states > 0 && state >= 0) target[origin + state] = 1;
  target[origin + states] = step / config.horizon;
  if (states > 0 && nextState >= 0) target[after + 4 + nextState] = 1;
}

/** A task's measures, as far as tokens depend on them. */
export type TaskShape = Pick<Trial, "task" | "numActions" | "numStates" | "dim">;

/**
 * Sees that the tokens can hold a task: its actions, states and arm features are at most those of the tokens. Layout `chosen-arm` holds
 * any number of actions.
 *
 * @throws TASK_UNSUPPORTED with the reason
 */
export function requireFits(config: TokenConfig, { task, numActions, numStates, dim }: TaskShape): void {
  const too = (what: string, has: number, most: number) =>
    new IcrlError(
      "TASK_UNSUPPORTED",
      `task "${task}" has ${has} ${what}, the model was trained for at most ${most}: train one on a dataset of this task`,
    );
  if (numActions > config.maxActions && !byFeatures(config)) throw too("actions", numActions, config.maxActions);
  if (numStates > config.numStates) throw too("states", numStates, config.numStates);
  if (dim !== config.dim && (dim > 0 || byFeatures(config))) {
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `task "${task}" has ${dim} features an arm, the model was trained for ${config.dim}: train one on a dataset of this task`,
    );
  }
}
