/** Whether a dataset can be labelled by who asks, as far as its index tells. */
import { IcrlError } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import type { LabelRequest } from "../sessions/labels.js";
import type { IndexedShard } from "./dataset-index.js";
import type { KnownTasks } from "./known-tasks.js";

/** @throws TRIALS_BROKEN if it can be told already that there are not whole trials in every shard */
export function checkWholeTrials(shards: readonly IndexedShard[], tasks: KnownTasks): void {
  for (const { path, parts } of shards) {
    for (const { task, taskOptionsJson, trials, episodes, incomplete } of parts) {
      const expected = trials * tasks.of(task, taskOptionsJson).episodes;
      if (episodes === expected && incomplete === 0) continue;
      throw new IcrlError(
        "TRIALS_BROKEN",
        `${path} has ${trials} trials of "${task}" with ${episodes} episodes, ${incomplete} of them incomplete, where ${expected} complete ones were expected: labels are made of whole trials, before episodes are left out`,
        { file: path },
      );
    }
  }
}

/** @throws TASK_UNSUPPORTED if the agent does not play every task of the dataset */
export function checkPlaysAll(shards: readonly IndexedShard[], tasks: KnownTasks, request: LabelRequest): void {
  for (const { parts } of shards) {
    for (const { task, taskOptionsJson } of parts) {
      const { name: family, kinds } = tasks.of(task, taskOptionsJson);
      if (playsTask(request.tasks, family, kinds)) continue;
      throw new IcrlError(
        "TASK_UNSUPPORTED",
        `agent "${request.agent}" declares ${request.tasks.join(", ")}: the dataset has task "${family}", which is ${kinds.join(", ")}`,
      );
    }
  }
}
