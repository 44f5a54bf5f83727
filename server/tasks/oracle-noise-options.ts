import { number, type OptionTable, type Resolved } from "../../common/options.js";
import type { Task } from "./task.js";

/** Name of the behaviour. */
export const ORACLE_NOISE = "oracle-noise";

/** Its options. */
export const ORACLE_NOISE_OPTIONS = {
  start: number({
    default: 1,
    min: 0,
    max: 1,
    help: "probability of an action at random in the first step of a trial",
  }),
  end: number({ default: 0, min: 0, max: 1, help: "probability of an action at random in the last step of a trial" }),
} as const satisfies OptionTable;

/**
 * Its probability of an action at random, epsilon_t = start + (end - start) t / (T - 1), at a step of a trial.
 *
 * @param episode of the trial, k from 0
 * @param step of the episode, h from 0: t = horizon k + h, and T = horizon * episodes
 */
export function noiseAt(
  { start, end }: Resolved<typeof ORACLE_NOISE_OPTIONS>,
  { horizon, episodes }: Pick<Task, "horizon" | "episodes">,
  episode: number,
  step: number,
): number {
  return start + (end - start) * ((episode * horizon + step) / Math.max(horizon * episodes - 1, 1));
}
