/** A small dataset for an agent to label. */
import { playsTask } from "../../common/plays-task.js";
import { buildTask } from "../../server/tasks/registry.js";
import { collectDataset } from "../collect/collect-dataset.js";
import { silent } from "../listener.js";
import { SCENARIO_TASKS, type ScenarioTask } from "./scenarios.js";

/** The scenarios' tasks that an agent plays that declares these. */
export const tasksPlayedBy = (declared: readonly string[]): ScenarioTask[] =>
  SCENARIO_TASKS.filter(({ task, options }) => playsTask(declared, task, buildTask(task, options).kinds));

/**
 * Has uniform play recorded in a folder, of two tasks that the agent plays; its path.
 *
 * @param trials of each task
 * @throws the signal's reason once it is aborted
 */
export async function datasetToLabel(
  folder: string,
  tasks: readonly ScenarioTask[],
  trials: number,
  signal: AbortSignal,
): Promise<string> {
  const spec = {
    seed: 1n,
    collection: {
      name: "conformance",
      tasks: tasks.slice(-2).map(({ id, task, options }) => ({ id, task, options: { ...options }, trials })),
      behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
    },
    columns: [],
    experts: [],
    subsample: undefined,
  };
  await collectDataset({ spec, source: "the conformance kit", out: folder }, silent, signal);
  return folder;
}
