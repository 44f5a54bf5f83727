import { agents } from "../agents/registry.js";
import type { Agent } from "../clients/typescript/define-agent.js";
import { IcrlError } from "../common/errors.js";
import { playsTask } from "../common/plays-task.js";
import type { Task } from "../server/tasks/task.js";

/**
 * Sees that an agent plays a task.
 *
 * @throws TASK_UNSUPPORTED, naming the agents that do play it
 */
export function requirePlays(agent: Agent, task: Task): void {
  if (playsTask(agent.tasks, task.name, task.kinds)) return;
  const others = agents.filter(({ tasks }) => playsTask(tasks, task.name, task.kinds)).map(({ name }) => name);
  throw new IcrlError(
    "TASK_UNSUPPORTED",
    `agent "${agent.name}" plays ${agent.tasks.join(", ")}, and "${task.name}" ${task.kinds.length > 0 ? `is ${task.kinds.join(", ")}` : "has none of these kinds"}: ${others.join(", ")} play it`,
  );
}
