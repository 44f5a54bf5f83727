/** A trial's episodes one after the other, as flat arrays. */
import type { Trial } from "./read-trials.js";

/** N is the number of steps of all its episodes. */
export interface FlatTrial {
  readonly length: number;
  /** [N] which episode of the trial each step is of. */
  readonly episodes: Int32Array;
  /** [N] which step of its episode each is. */
  readonly steps: Int32Array;
  /** [N] 1 where the episode ends with the step, else 0. */
  readonly dones: Int32Array;
  /** [N] the state that each action was chosen in; null where spaces are not discrete. */
  readonly observations: Int32Array | null;
  /** [N] the state that each action led to; null where spaces are not discrete. */
  readonly nextObservations: Int32Array | null;
  /** [N x size] what each action was chosen from; null where spaces are not boxes. */
  readonly stepFeatures: Float32Array | null;
  readonly actions: Int32Array;
  readonly rewards: Float32Array;
  /** NaN where unknown; null when all are. */
  readonly propensities: Float32Array | null;
  /** Null where the truth is not known. */
  readonly optimalActions: Int32Array | null;
  readonly labelActions: Int32Array | null;
  /** [N x A]; null unless the label has them for the whole trial. */
  readonly labelProbabilities: Float32Array | null;
}

/** Makes them. */
export function flattenTrial({ episodes }: Trial): FlatTrial {
  const rows = episodes.map(({ row }) => row);
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const flat = {
    length,
    episodes: new Int32Array(length),
    steps: new Int32Array(length),
    dones: new Int32Array(length),
    observations: joined(rows.map((row) => row.observations?.subarray(0, row.length))),
    nextObservations: joined(rows.map((row) => row.observations?.subarray(1, row.length + 1))),
    stepFeatures: joined(rows.map((row) => row.step_features)),
    actions: joined(rows.map((row) => row.actions)) as Int32Array,
    rewards: joined(rows.map((row) => row.rewards)) as Float32Array,
    propensities: rows.every((row) => row.propensities === null)
      ? null
      : joined(rows.map((row) => row.propensities ?? new Float32Array(row.length).fill(Number.NaN))),
    optimalActions: joined(rows.map((row) => row.optimal_actions)),
    labelActions: joined(episodes.map(({ labelActions }) => labelActions)),
    labelProbabilities: joined(episodes.map(({ labelProbabilities }) => labelProbabilities)),
  };
  let at = 0;
  for (const { episode_index, length: steps } of rows) {
    for (let t = 0; t < steps; t += 1) {
      flat.episodes[at + t] = episode_index;
      flat.steps[at + t] = t;
    }
    at += steps;
    if (steps > 0) flat.dones[at - 1] = 1;
  }
  return flat;
}

/** Arrays one after the other; null if one is missing. */
function joined<A extends Int32Array | Float32Array>(parts: readonly (A | null | undefined)[]): A | null {
  let length = 0;
  for (const part of parts) {
    if (part === null || part === undefined) return null;
    length += part.length;
  }
  if (parts.length === 1) return parts[0] as A;
  const [first] = parts as readonly A[];
  const whole = new (first.constructor as new (length: number) => A)(length);
  let at = 0;
  for (const part of parts as readonly A[]) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}
