/** The loss of a sequence's logits by cross-entropy, and its gradient. */

/** Logit of an action that a task does not have, less the others'. */
const ABSENT = -1e9;

/** One sequence's decisions, after the kernel `softmax`. `stride` is that of logits and shares; the rest is as in a LearningBatch. */
export interface Decisions {
  readonly count: number;
  readonly actions: number;
  readonly numActions: number;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  readonly logits: Float32Array;
  /** Softmax of the logits, over the actions that the task has. */
  readonly shares: Float32Array;
  /** Largest logit of each decision, and the sum of exp(logit - largest). */
  readonly largest: Float32Array;
  readonly totals: Float32Array;
  readonly stride: number;
}

/** Sums as of a BatchLoss. */
export interface SequenceLoss {
  loss: number;
  agreed: number;
  squared: number;
}

/** Adds to the sums: loss = -sum_t w_t sum_a y_ta log p_ta. */
export function addCrossEntropy(sums: SequenceLoss, decisions: Decisions): void {
  const { count, actions, numActions, targets, weights, logits, largest, totals, stride } = decisions;
  for (let t = 0; t < count; t += 1) {
    if (weights[t] === 0) continue;
    const at = t * stride;
    const target = t * actions;
    const normaliser = largest[t] + Math.log(totals[t]);
    let wanted = 0;
    let entropy = 0;
    for (let a = 0; a < actions; a += 1) {
      const y = targets[target + a];
      if (y === 0) continue;
      if (y > targets[target + wanted]) wanted = a;
      entropy -= y * (a < numActions ? logits[at + a] - normaliser : ABSENT);
    }
    sums.loss += weights[t] * entropy;
    let top = 0;
    while (top < numActions - 1 && logits[at + top] !== largest[t]) top += 1;
    if (top === wanted) sums.agreed += weights[t];
  }
}

/**
 * Turns shares p into the gradient of the logits: w_t (p_ta sum_b y_tb - y_ta) for the actions that the task has, 0 in all other columns
 * and rows.
 */
export function shareGradient({ count, actions, numActions, targets, weights, shares, stride }: Decisions): void {
  shares.fill(0, count * stride);
  for (let t = 0; t < count; t += 1) {
    const at = t * stride;
    const target = t * actions;
    let mass = 0;
    for (let a = 0; a < actions; a += 1) mass += targets[target + a];
    for (let a = 0; a < numActions; a += 1) {
      shares[at + a] = weights[t] * (mass * shares[at + a] - targets[target + a]);
    }
  }
}
