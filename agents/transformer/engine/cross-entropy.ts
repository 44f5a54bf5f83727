/** The loss of a sequence's logits, and its gradient. */

/** Logit of an action that a task does not have, less the others'. */
const ABSENT = -1e9;

/** One sequence. `stride` is that of logits and their gradient; the rest is as in a LearningBatch. */
export interface Decisions {
  readonly count: number;
  readonly actions: number;
  readonly numActions: number;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  readonly logits: Float32Array;
  readonly stride: number;
}

/** Sums as of a BatchLoss. */
export interface SequenceLoss {
  loss: number;
  agreed: number;
}

/**
 * Adds to the sums: loss = -sum_t w_t sum_a y_ta log p_ta, p = softmax(logits) over the actions that the task has. Where a gradient is
 * given, it becomes w_t (p_ta sum_b y_tb - y_ta), and 0 in all that is no decision's action.
 */
export function addCrossEntropy(sums: SequenceLoss, decisions: Decisions, gradient?: Float32Array): void {
  const { count, actions, numActions, targets, weights, logits, stride } = decisions;
  gradient?.fill(0);
  for (let t = 0; t < count; t += 1) {
    const weight = weights[t];
    if (weight === 0) continue;
    const at = t * stride;
    const target = t * actions;
    let top = 0;
    let wanted = 0;
    let mass = 0;
    for (let a = 0; a < actions; a += 1) {
      if (a < numActions && logits[at + a] > logits[at + top]) top = a;
      if (targets[target + a] > targets[target + wanted]) wanted = a;
      mass += targets[target + a];
    }
    const most = logits[at + top];
    let sum = 0;
    for (let a = 0; a < numActions; a += 1) sum += Math.exp(logits[at + a] - most);
    const normaliser = most + Math.log(sum);
    let entropy = 0;
    for (let a = 0; a < actions; a += 1) {
      const y = targets[target + a];
      const log = a < numActions ? logits[at + a] - normaliser : ABSENT;
      if (y !== 0) entropy -= y * log;
      if (gradient !== undefined && a < numActions) gradient[at + a] = weight * (mass * Math.exp(log) - y);
    }
    sums.loss += weight * entropy;
    if (top === wanted) sums.agreed += weight;
  }
}
