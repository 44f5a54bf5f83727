/** The loss of a sequence's numbers by squared error, and its gradient. */
import type { SequenceLoss } from "./cross-entropy.js";

/** One sequence's numbers. */
export interface Numbers {
  /** T, decisions. */
  readonly count: number;
  /** N, numbers of each. */
  readonly numbers: number;
  /** [T, N], as in a LearningBatch. */
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  /** [T, stride]: the head's outputs, and their gradient; the numbers begin at column `column`. */
  readonly outputs: Float32Array;
  readonly doutputs: Float32Array;
  readonly stride: number;
  readonly column: number;
}

/** Adds to the sums: loss = sum_t sum_n w_tn (yhat_tn - y_tn)^2. */
export function addSquaredError(sums: SequenceLoss, given: Numbers): void {
  const { count, numbers, targets, weights, outputs, stride, column } = given;
  let squared = 0;
  for (let t = 0; t < count; t += 1) {
    for (let n = 0; n < numbers; n += 1) {
      const at = t * numbers + n;
      if (weights[at] !== 0) squared += weights[at] * (outputs[t * stride + column + n] - targets[at]) ** 2;
    }
  }
  sums.loss += squared;
  sums.squared += squared;
}

/** Writes the gradient of the numbers, 2 w_tn (yhat_tn - y_tn), and nothing beside them. */
export function numberGradient(given: Numbers): void {
  const { count, numbers, targets, weights, outputs, doutputs, stride, column } = given;
  for (let t = 0; t < count; t += 1) {
    for (let n = 0; n < numbers; n += 1) {
      const at = t * numbers + n;
      const place = t * stride + column + n;
      doutputs[place] = weights[at] === 0 ? 0 : 2 * weights[at] * (outputs[place] - targets[at]);
    }
  }
}
