import type { Task } from "./task.js";

/**
 * Steps of a trial, counted from 1, at which its regret curve has a point: every step of a one-episode task, else the last step
 * of each episode, k * horizon. (Where an episode may end early these are nominal: the curve counts it as if it had run on.)
 */
export function curveSteps(task: Pick<Task, "horizon" | "episodes">): number[] {
  const { horizon, episodes } = task;
  return episodes === 1
    ? Array.from({ length: horizon }, (_, t) => t + 1)
    : Array.from({ length: episodes }, (_, k) => (k + 1) * horizon);
}

/** How many these are. */
export const curveLength = ({ horizon, episodes }: Pick<Task, "horizon" | "episodes">): number =>
  episodes === 1 ? horizon : episodes;
