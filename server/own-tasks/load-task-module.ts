/** Tasks in JavaScript modules: a file whose default export is what `defineTask` makes. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { resolveOptions } from "../../common/options.js";
import { TASKS } from "../tasks/registry.js";
import type { Task, TaskFamily } from "../tasks/task.js";
import { invalidFile } from "./invalid-file.js";

/** Types of rows that an options table can have. */
const OPTION_TYPES = ["number", "integer", "choice", "boolean", "text"];

const NAME = /^[a-z]+(-[a-z0-9]+)*$/;
const MOST_NAME = 60;

/**
 * Loads the family of a module, whose code runs in this process.
 *
 * @param file its path
 * @throws TASK_FILE_INVALID if it cannot be loaded, exports no family of tasks, or one that is called as a built-in one
 */
export async function loadTaskModule(file: string): Promise<TaskFamily> {
  const invalid = invalidFile(file);
  const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0];
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw invalid(`cannot be loaded: ${firstLine(error)}`);
  }
  const problem = familyProblem(exported.default);
  if (problem !== undefined) throw invalid(`${problem}: give \`export default defineTask({ ... })\` of "icrl/tasks"`);
  const family = exported.default as TaskFamily;
  if (TASKS.some(({ name }) => name === family.name)) {
    throw invalid(`its task is called "${family.name}", as a built-in one: give it another name`);
  }
  try {
    const task = family.build(resolveOptions(family.options, {}, `task "${family.name}"`));
    const missing = taskProblem(task);
    if (missing !== undefined) throw new Error(missing);
  } catch (error) {
    throw invalid(`its task "${family.name}" cannot be built with its defaults: ${firstLine(error)}`);
  }
  return family;
}

/** Why something is no family; undefined where it is one. */
function familyProblem(family: unknown): string | undefined {
  if (typeof family !== "object" || family === null) return "it has no default export that is a task";
  const { name, version, summary, source, options, build } = family as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !NAME.test(name) || name.length > MOST_NAME) {
    return `its task's name is no kebab-case of at most ${MOST_NAME} characters`;
  }
  if (!Number.isInteger(version) || (version as number) < 1)
    return `the version of "${name}" is no whole number from 1`;
  if (typeof summary !== "string" || typeof source !== "string") return `summary and source of "${name}" are no texts`;
  if (typeof options !== "object" || options === null) return `"${name}" has no table of options`;
  const odd = Object.entries(options).find(([, row]) => !OPTION_TYPES.includes(row?.type) || row.default === undefined);
  if (odd !== undefined) return `option "${odd[0]}" of "${name}" is no row of a table with a default`;
  if (typeof build !== "function") return `"${name}" has no function build`;
}

/** What a task lacks without which nothing can describe it; undefined where it lacks nothing. The conformance suite looks further. */
function taskProblem(task: Task): string | undefined {
  const types: Readonly<Partial<Record<keyof Task, string>>> = {
    ...{ numActions: "number", horizon: "number", episodes: "number" },
    ...{ observationSpace: "object", reward: "object", drawing: "object", cost: "object" },
    ...{ instantiate: "function", draw: "function" },
  };
  const wrong = Object.entries(types).find(([member, type]) => typeof task[member as keyof Task] !== type);
  if (wrong !== undefined) return `its ${wrong[0]} is no ${wrong[1]}`;
  if (!Array.isArray(task.kinds) || !Array.isArray(task.trialFeaturesShape))
    return "its kinds or trialFeaturesShape is no list";
}
