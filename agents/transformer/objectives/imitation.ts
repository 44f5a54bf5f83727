/** To imitate a label: its actions, or its probabilities, at the decisions of a trial. */
import type { Objective, ObjectiveKind, TargetRules, Targets, TrialPiece } from "../objective.js";

/** The objective of that name: what the label says, by cross-entropy, every decision that it has an action for alike. */
export function imitation(name: string, label: string): Objective {
  return {
    name,
    labels: [label],
    columns: [],
    numbers: 0,
    write: (out, piece, rules) => writeLabel(out, piece, label, rules),
  };
}

/** The kind that has one objective, of a name that is its own: to imitate a label. */
export function imitationOf(
  label: string,
  { usage: name, ...told }: Pick<ObjectiveKind, "usage" | "learns" | "source">,
): ObjectiveKind {
  const objective = imitation(name, label);
  return { usage: name, ...told, named: (asked) => (asked === name ? objective : undefined) };
}

/**
 * Writes a label's targets of a piece. Where the label has no action (none given, or a negative one) the weight stays 0.
 *
 * @returns how many decisions count
 */
export function writeLabel(
  out: Pick<Targets, "targets" | "weights">,
  { trial, labels, tokens: { maxActions }, first, count, at }: TrialPiece,
  label: string,
  { soft, smoothing }: TargetRules,
): number {
  const {
    columns: { actions },
    from,
    to,
    shape: { numActions },
  } = trial;
  const { actions: said, probabilities } = labels[label];
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
