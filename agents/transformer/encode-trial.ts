/**
 * A logged trial as tokens: exactly what an agent that played it was shown, turn by turn.
 *
 * Decision t of the trial, counted over all its episodes, is read at token t * stride. Its outcome belongs into the token after
 * that, in both layouts: layout `step` shows it beside the next situation, also across the border of two episodes, layout
 * `lin2023` in a token of its own. What came of the trial's last decision is in no token of a layout of one token a step.
 */
import type { ColumnsByName } from "../../datasets/log/batch-columns.js";
import type { DatasetTaskShape } from "./token-config.js";
import { type TokenConfig, tokenSize, tokensPerStep, writeOutcome, writeSituation } from "./token-layout.js";

/** Columns of the data that tokens are made of. */
export const TRIAL_COLUMNS = [
  "actions",
  "rewards",
  "observations",
  "step_features",
  "trial_features",
  "terminated",
  "truncated",
] as const;

/** A trial in a batch: its episodes are the rows from `from` to `to` - 1. */
export interface TrialRows {
  readonly columns: ColumnsByName<(typeof TRIAL_COLUMNS)[number]>;
  readonly from: number;
  readonly to: number;
  readonly shape: DatasetTaskShape;
}

/** Which of a trial's tokens. */
export interface Piece {
  /** The decision that it begins with. */
  readonly first: number;
  /** Most tokens. */
  readonly length: number;
}

/** How many decisions a trial has. */
export function decisionsOf({ columns: { actions }, from, to }: TrialRows): number {
  return actions.offsets[to] - actions.offsets[from];
}

/** How many decisions are read in so many tokens. */
export function decisionsIn(tokens: number, config: TokenConfig): number {
  return Math.ceil(tokens / tokensPerStep(config));
}

/** Features of the arms at a step of an episode, [numActions, d]: a view of the columns; undefined where arms have none. */
export function armsAt({ columns, shape }: TrialRows, row: number, step: number): Float32Array | undefined {
  const { step_features: fresh, trial_features: fixed } = columns;
  const { dim, numActions, freshArms } = shape;
  if (dim === 0) return undefined;
  if (!freshArms) return fixed.values.subarray(fixed.offsets[row], fixed.offsets[row + 1]);
  const at = fresh.offsets[row] + step * numActions * dim;
  return fresh.values.subarray(at, at + numActions * dim);
}

// Reused: nothing is allocated per step but the views of fresh arms.
const situation = { arms: undefined as Float32Array | undefined, state: 0, step: 0 };
const outcome = {
  action: 0,
  arms: undefined as Float32Array | undefined,
  reward: 0,
  terminated: false,
  truncated: false,
  state: 0,
  step: 0,
  nextState: 0,
};

/**
 * Writes a piece of a trial's tokens where `target` holds zeros, from `at` on: what is left of the piece stays zero.
 *
 * Shapes: target [.., length, F].
 *
 * @param hidesOutcome asked once for each outcome, in their order: whether it is left out
 * @returns how many decisions the piece has
 */
export function encodeTrial(
  target: Float32Array,
  at: number,
  config: TokenConfig,
  trial: TrialRows,
  { first, length }: Piece,
  hidesOutcome?: () => boolean,
): number {
  const { columns, from, to, shape } = trial;
  const { actions, rewards, observations, terminated, truncated } = columns;
  const { numStates, freshArms } = shape;
  const stride = tokensPerStep(config);
  const size = tokenSize(config);
  const end = Math.min(first + decisionsIn(length, config), decisionsOf(trial));
  const tokens = Math.min(length, (end - first) * stride);

  let begun = 0; // decisions of the episodes before
  for (let row = from; row < to && begun < end; row += 1) {
    const start = actions.offsets[row];
    const steps = actions.offsets[row + 1] - start;
    const states = numStates > 1 ? observations.offsets[row] : -1;
    situation.arms = armsAt(trial, row, 0);
    const last = Math.min(steps, end - begun);
    // The decision before the piece is of interest for its outcome.
    for (let t = Math.max(0, first - 1 - begun); t < last; t += 1) {
      const token = (begun + t - first) * stride;
      if (freshArms) situation.arms = armsAt(trial, row, t);
      situation.state = states < 0 ? 0 : observations.values[states + t];
      situation.step = t;
      if (token >= 0) {
        writeSituation(target, at + token * size, config, situation);
      }
      if (token + 1 < 0 || token + 1 >= tokens || hidesOutcome?.() === true) continue;
      outcome.action = actions.values[start + t];
      outcome.arms = situation.arms;
      outcome.reward = rewards.values[start + t];
      outcome.terminated = t === steps - 1 && terminated[row] === 1;
      outcome.truncated = t === steps - 1 && truncated[row] === 1;
      outcome.state = situation.state;
      outcome.step = t;
      outcome.nextState = states < 0 ? 0 : observations.values[states + t + 1];
      writeOutcome(target, at + (token + 1) * size, config, outcome);
    }
    begun += steps;
  }
  return Math.max(0, end - first);
}

/**
 * Writes the features of the arms that `count` decisions of a trial from its decision `first` on are among, where `target` holds zeros.
 *
 * Shapes: target [.., A, d] from its decision `at` on; A = maxActions.
 */
export function writeArms(
  target: Float32Array,
  at: number,
  maxActions: number,
  trial: TrialRows,
  first: number,
  count: number,
): void {
  const { actions } = trial.columns;
  const size = maxActions * trial.shape.dim;
  const end = first + count;
  let begun = 0; // decisions of the episodes before
  for (let row = trial.from; row < trial.to && begun < end; row += 1) {
    const steps = actions.offsets[row + 1] - actions.offsets[row];
    const last = Math.min(steps, end - begun);
    for (let t = Math.max(0, first - begun); t < last; t += 1) {
      target.set(armsAt(trial, row, t) as Float32Array, (at + begun + t - first) * size);
    }
    begun += steps;
  }
}
