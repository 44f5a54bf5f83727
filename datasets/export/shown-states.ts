/** What a task shows, as arrays in which there is something for every step: others' files know no task that shows nothing. */
import type { TaskEntry } from "../folder/dataset-manifest.js";
import type { FlatTrial } from "./flatten-trial.js";
import { type NumberArray, numberArray } from "./number-array.js";

/**
 * What each of the first n actions was chosen in, [n, ...]: the state's number; the numbers of a box; 1 where there is nothing to observe, as DPT's
 * bandits have it.
 *
 * @param flat whether a box is one row of numbers, whatever its shape
 */
export function shownStates(
  { observation_space: space }: TaskEntry,
  trial: FlatTrial,
  n: number,
  flat: boolean,
): NumberArray {
  const { observations, stepFeatures, length } = trial;
  if (stepFeatures !== null) {
    const size = stepFeatures.length / length;
    const shape = flat || space.shape === undefined ? [size] : space.shape;
    return numberArray(stepFeatures.slice(0, n * size), n, ...shape);
  }
  return numberArray(observations?.slice(0, n) ?? new Int32Array(n).fill(1), n, 1);
}

/** Where each of those actions led, likewise. What is not known, the box after an episode's last step say, is what was there before. */
export function shownNextStates(task: TaskEntry, trial: FlatTrial, n: number): NumberArray {
  const { stepFeatures, nextObservations, observations, dones, length } = trial;
  const states = shownStates(task, trial, n, true);
  if (stepFeatures !== null) {
    const size = stepFeatures.length / length;
    const next = Float32Array.from(states.values);
    for (let t = 0; t < n; t += 1) {
      if (dones[t] === 0 && t + 1 < length) next.set(stepFeatures.subarray((t + 1) * size, (t + 2) * size), t * size);
    }
    return numberArray(next, ...states.shape);
  }
  if (nextObservations === null || observations === null) return states;
  const next = nextObservations.slice(0, n);
  for (let t = 0; t < n; t += 1) if (next[t] < 0) next[t] = observations[t];
  return numberArray(next, n, 1);
}
