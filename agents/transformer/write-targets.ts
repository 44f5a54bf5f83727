/** What the model should answer: an expert's actions, or its probabilities, at the decisions of a trial. */
import type { LabelColumns } from "../../datasets/read/read-dataset.js";
import type { TrialRows } from "./encode-trial.js";

/** What a batch's decisions should be. */
export interface Targets {
  /** Probability of each action, [.., A]; zeros where the weight is 0. */
  readonly targets: Float32Array;
  /** 1 where a decision counts, [..]. */
  readonly weights: Float32Array;
}

/** How a label becomes targets. */
export interface TargetRules {
  /** Whether the expert's probabilities are taken where they are known, rather than its action. */
  readonly soft: boolean;
  /** e: a target p becomes (1 - e) p + e / n over the n actions of the task. */
  readonly smoothing: number;
}

/**
 * Writes the targets of `count` decisions of a trial from its decision `first` on, to the places from `at` on. Where the label has no
 * action (none given, or a negative one) the weight stays 0.
 *
 * Shapes: out.targets [.., A] and out.weights [..], zeros; A = maxActions.
 *
 * @param label of the same batch as the trial
 * @returns how many decisions count
 */
export function writeTargets(
  out: Targets,
  at: number,
  maxActions: number,
  label: LabelColumns,
  { columns: { actions }, from, to, shape: { numActions } }: TrialRows,
  first: number,
  count: number,
  { soft, smoothing }: TargetRules,
): number {
  const { actions: said, probabilities } = label;
  const end = first + count;
  let labelled = 0;
  let begun = 0; // decisions of the episodes before
  for (let row = from; row < to && begun < end; row += 1) {
    const steps = actions.offsets[row + 1] - actions.offsets[row];
    const start = said.offsets[row];
    const laws = soft ? probabilities : undefined;
    const lawStart = laws?.offsets[row] ?? 0;
    const hasLaws = laws !== undefined && laws.offsets[row + 1] - lawStart === steps * numActions;
    if (said.offsets[row + 1] - start === steps) {
      const last = Math.min(steps, end - begun);
      for (let t = Math.max(0, first - begun); t < last; t += 1) {
        const action = said.values[start + t];
        if (!(action >= 0)) continue;
        const place = at + begun + t - first;
        const target = place * maxActions;
        const law = lawStart + t * numActions;
        // A law that is not known in this step is NaN.
        if (hasLaws && !Number.isNaN(laws.values[law])) {
          for (let a = 0; a < numActions; a += 1) out.targets[target + a] = laws.values[law + a];
        } else out.targets[target + action] = 1;
        if (smoothing > 0) smooth(out.targets, target, numActions, smoothing);
        out.weights[place] = 1;
        labelled += 1;
      }
    }
    begun += steps;
  }
  return labelled;
}

function smooth(targets: Float32Array, at: number, numActions: number, smoothing: number): void {
  for (let a = at; a < at + numActions; a += 1) targets[a] = (1 - smoothing) * targets[a] + smoothing / numActions;
}
