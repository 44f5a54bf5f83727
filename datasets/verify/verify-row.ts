/** A row of a dataset against its task, against the row before it, and against its labels. */

import type { TaskEntry } from "../folder/dataset-manifest.js";
import { listsOf } from "../log/batch-columns.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "../log/trajectory-schema.js";
import type { DatasetShard } from "../read/dataset-shards.js";

/** Probabilities are float32, and there are as many as actions. */
const SUM_TOLERANCE = 1e-4;

/**
 * What of an episode its task does not allow.
 *
 * @param known whether the truth is: where it is not, episodes may be cut short, and nothing of the truth may stand there
 */
export function taskProblem(task: TaskEntry, row: TrajectoryRow, known: boolean): string | undefined {
  if (known && !row.complete) return "is not complete: datasets hold complete trials";
  const told = known ? undefined : TRUTH.find((name) => row[name] !== null);
  if (told !== undefined) return `has ${told}, and dataset.json says that the truth is not known`;
  if (row.length > task.horizon) return `has ${row.length} steps, and its task at most ${task.horizon}`;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = task.reward;
  for (let t = 0; t < row.length; t += 1) {
    const [action, reward, propensity] = [row.actions[t], row.rewards[t], row.propensities?.[t]];
    const best = row.optimal_actions?.[t] ?? 0;
    if (!(action >= 0 && action < task.num_actions))
      return `action ${t} is ${action}, outside [0, ${task.num_actions})`;
    if (!(best >= 0 && best < task.num_actions))
      return `optimal action ${t} is ${best}, outside [0, ${task.num_actions})`;
    if (!(reward >= min && reward <= max)) return `reward ${t} is ${reward}, outside [${min}, ${max}]`;
    if (propensity !== undefined && (propensity <= 0 || propensity > 1))
      return `propensity ${t} is ${propensity}, outside (0, 1]`;
  }
  return undefined;
}

const TRUTH = TRAJECTORY_COLUMNS.filter(({ truth }) => truth).map(({ name }) => name);

/** Episodes of a trial stand side by side, in order. */
export function orderProblem(last: TrajectoryRow | undefined, row: TrajectoryRow): string | undefined {
  if (last?.trial_id !== row.trial_id || last.episode_index < row.episode_index) return undefined;
  return `follows episode ${last.episode_index} of its trial: the episodes of a trial are in order`;
}

/**
 * Checks what the labels of a shard say of a row.
 *
 * @param least the least action: -1 where an expert may have given none
 */
export function labelChecker({ labels }: DatasetShard, least: 0 | -1) {
  const lists = Array.from(labels, ([name, label]) => ({
    name,
    actions: listsOf<Int32Array>(label, "actions"),
    probabilities: listsOf<Float32Array>(label, "probabilities"),
  }));
  return (row: number, { length }: TrajectoryRow, numActions: number): string | undefined => {
    for (const { name, actions, probabilities } of lists) {
      const from = actions.offsets[row];
      const given = actions.offsets[row + 1] - from;
      if (given !== length) return `label ${name} has ${given} actions for ${length} steps`;
      for (let t = 0; t < length; t += 1) {
        const action = actions.values[from + t];
        if (!(action >= least && action < numActions))
          return `label ${name}: action ${t} is ${action}, outside [${least}, ${numActions})`;
      }
      if (probabilities.nulls?.[row] === 1) continue;
      const start = probabilities.offsets[row];
      const size = probabilities.offsets[row + 1] - start;
      if (size !== length * numActions) return `label ${name} has ${size} probabilities for ${length} x ${numActions}`;
      for (let t = 0; t < length; t += 1) {
        let sum = 0;
        for (let a = 0; a < numActions; a += 1) {
          const p = probabilities.values[start + t * numActions + a];
          if (p < 0 || p > 1) return `label ${name}: probability of action ${a} in step ${t} is ${p}, outside [0, 1]`;
          sum += p;
        }
        // NaN: the expert did not know them in this step.
        if (Math.abs(sum - 1) > SUM_TOLERANCE) return `label ${name}: probabilities of step ${t} add up to ${sum}`;
      }
    }
    return undefined;
  };
}
