import type { Task } from "../tasks/task.js";
import type { Limits } from "./limits.js";

/** Bytes that a step holds until its episode ends: what newEpisodeSteps keeps of a task that shows at most an integer. */
const STEP_BYTES = 24;

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/**
 * Bytes that an env of a task holds: its instance with what judges it, a trial's regret curve, and the steps of an episode, which stay
 * until it ends.
 *
 * @param wholeTrials whether all episodes of a trial stay until the trial ends
 */
export function envBytes({ horizon, episodes, observationSpace: space, cost }: Task, wholeTrials = false): number {
  const stepBytes = STEP_BYTES + (space.type === "box" ? 4 * product(space.shape) : 0);
  const heldSteps = wholeTrials && episodes > 1 ? horizon * (episodes + 1) : horizon;
  return heldSteps * stepBytes + cost.bytes + (episodes > 1 ? 8 * episodes : 0);
}

/** Envs of a task that a session can hold, 0 if not even one: in the bytes of max_steps_in_flight steps. */
export function envsThatFit(task: Task, limits: Limits, wholeTrials = false): number {
  const bytes = limits.max_steps_in_flight * STEP_BYTES;
  return Math.min(limits.max_envs, Math.floor(bytes / envBytes(task, wholeTrials)));
}
