/** Admission by cost: what nobody may ask for, however long it would wait. */
import { IcrlError } from "../../common/errors.js";
import type { Task } from "../tasks/task.js";
import type { Limits } from "./limits.js";

/**
 * Sees that an instance of a task can be drawn and solved within limits.max_trial_work.
 * @throws REQUEST_TOO_COSTLY
 */
export function checkTaskCost({ name, cost }: Task, limits: Limits): void {
  if (cost.instance <= limits.maxTrialWork) return;
  throw new IcrlError(
    "REQUEST_TOO_COSTLY",
    `an instance of this ${name} takes about ${Math.ceil(cost.instance)} operations to draw and solve: at most limits.max_trial_work, ${limits.maxTrialWork}; make it smaller`,
    { task: name, bound: "max_trial_work", limit: limits.maxTrialWork, asked: Math.ceil(cost.instance) },
  );
}
