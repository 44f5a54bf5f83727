import type { Task } from "../tasks/task.js";
import type { Limits } from "./limits.js";

/** Bytes that a step holds until its episode ends: what newEpisodeSteps keeps of a task that shows at most an integer. */
const STEP_BYTES = 24;

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/**
 * Envs of a task that a session can hold, 0 if not even one. Episodes stay in memory until they end, a trial's features and regret
 * curve as long as the trial: max_steps_in_flight bounds the steps, and with them the bytes, of tasks that need more a step as well.
 *
 * @param wholeTrials whether all episodes of a trial stay in memory until it ends
 */
export function envsThatFit(task: Task, limits: Limits, wholeTrials = false): number {
  const { horizon, episodes, observationSpace: space } = task;
  const stepBytes = STEP_BYTES + (space.type === "box" ? 4 * product(space.shape) : 0);
  const features = task.trialFeaturesShape;
  const trialBytes = (features.length > 0 ? 4 * product(features) : 0) + (episodes > 1 ? 8 * episodes : 0);
  const bytes = limits.maxStepsInFlight * STEP_BYTES;
  const heldSteps = wholeTrials && episodes > 1 ? horizon * (episodes + 1) : horizon;
  return Math.min(limits.maxEnvs, Math.floor(bytes / (heldSteps * stepBytes + trialBytes)));
}
