/** A posterior of a task, by its prior. */
import { IcrlError } from "../../../common/errors.js";
import type { Prior, Task } from "../task.js";
import { armsPosterior } from "./arms.js";
import { enumeratedPosterior } from "./enumerated.js";
import { linearPosterior } from "./linear.js";
import type { Posterior } from "./posterior.js";

/** Most instances that are looked at one by one. */
const MOST_INSTANCES = 1024;

/**
 * The prior of a task.
 *
 * @throws TASK_UNSUPPORTED where it is not known how its posterior is computed
 */
export function requirePrior({ prior, name }: Task): Prior {
  if (prior === undefined) {
    const text = `task "${name}" has no prior whose posterior is computed: bandits of independent or linear arms have one, and grids with something hidden`;
    throw new IcrlError("TASK_UNSUPPORTED", text, { task: name });
  }
  if (prior.type === "enumerated" && prior.count > MOST_INSTANCES) {
    const text = `task "${name}" has ${prior.count} instances, and a posterior looks at each of ${MOST_INSTANCES} at most: give options that leave fewer`;
    throw new IcrlError("TASK_UNSUPPORTED", text, { task: name });
  }
  return prior;
}

/**
 * A posterior for trials of a task.
 *
 * @param samples of a law that is sampled: its standard error is sqrt(p (1 - p) / samples) where they are independent
 * @throws TASK_UNSUPPORTED where it is not known how
 */
export function createPosterior(task: Task, samples: number): Posterior {
  const prior = requirePrior(task);
  switch (prior.type) {
    case "enumerated":
      return enumeratedPosterior(task, prior);
    case "linear":
      return linearPosterior(prior, task.numActions, samples);
    default:
      return armsPosterior(prior, task.numActions);
  }
}
