import { objectIn } from "../../datasets/log/json-columns.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";

/** Tasks by name and options, each built once. */
export interface KnownTasks {
  /** @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID if this version does not have the task any more */
  of(name: string, optionsJson: string): Task;
}

/** No task yet. */
export function knownTasks(): KnownTasks {
  const tasks = new Map<string, Task>();
  return {
    of(name, optionsJson) {
      const key = `${name} ${optionsJson}`;
      let task = tasks.get(key);
      if (task === undefined) {
        task = buildTask(name, objectIn(optionsJson, "task_options"));
        tasks.set(key, task);
      }
      return task;
    },
  };
}
