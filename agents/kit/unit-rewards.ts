import type { Trial } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";

/** An affine map of rewards. */
export interface UnitRewards {
  /** Lower bound of rewards: what 0 stands for. */
  readonly min: number;
  /** What 1 stands for above it. */
  readonly width: number;
  /** (reward - min) / width */
  toUnit(reward: number): number;
}

/**
 * The map that takes rewards to [0, 1] by their known bounds.
 *
 * @param agent whose need it is, for the message
 * @throws TASK_UNSUPPORTED if rewards have no known bounds
 */
export function unitRewards(
  agent: string,
  { task, reward: { min, max } }: Pick<Trial, "task" | "reward">,
): UnitRewards {
  if (min === undefined || max === undefined) {
    const bounds = `[${min ?? "unbounded"}, ${max ?? "unbounded"}]`;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `${agent} does not play "${task}" whose rewards are in ${bounds}: it needs a task with bounded rewards`,
    );
  }
  const width = max > min ? max - min : 1;
  return { min, width, toUnit: (reward) => (reward - min) / width };
}
