/**
 * Whether an agent explored, trial by trial, on bandits with fixed arms: two surrogates that tell exploration failures from bad luck
 * in trials too few or too short for regret to show them.
 *
 * Source: Krishnamurthy et al. (2024), "Can Large Language Models Explore In-Context?", section 3: SuffFailFreq(T / 2) and K * MinFrac(T).
 */
import type { Task } from "../tasks/task.js";

/** Of one trial. */
export interface Exploration {
  /** Whether no best arm was played in the second half of the trial. */
  readonly suffixFailure: boolean;
  /** K * MinFrac: number of arms times the share of the arm that was played least; 0 where one never was, 1 where all were alike. */
  readonly minFraction: number;
}

/** Whether a task's arms are the same at every step, so that it makes sense to ask which were played. */
export function hasFixedArms(task: Pick<Task, "kinds">): boolean {
  return task.kinds.includes("bandit");
}

/**
 * The two of a whole trial.
 *
 * Shapes: actions [T], their pseudo-regrets [T], 0 where a best arm was played; numActions is K.
 */
export function explorationOf(actions: ArrayLike<number>, regrets: ArrayLike<number>, numActions: number): Exploration {
  const length = actions.length;
  const plays = new Uint32Array(numActions);
  for (let t = 0; t < length; t++) plays[actions[t]] += 1;
  let suffixFailure = true;
  for (let t = Math.floor(length / 2); t < length; t++) {
    if (regrets[t] === 0) {
      suffixFailure = false;
      break;
    }
  }
  return { suffixFailure, minFraction: (numActions * Math.min(...plays)) / length };
}
