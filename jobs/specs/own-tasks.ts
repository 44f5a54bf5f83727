/** Tasks of one's own in files that say what to play: `task: ./my-task.mjs`, and `options: {file: ./mdps.json}` of the families that take a file. */
import { basename, extname, resolve } from "node:path";
import { addTasks, FILE_FAMILIES, hasTaskFile, type TaskSources } from "../../server/own-tasks/own-tasks.js";
import { buildTask, TASKS } from "../../server/tasks/registry.js";
import type { GivenOptions, SpecFile } from "./spec-file.js";

/** A task of a file. One of a module is called by the module's path until that is loaded. */
export interface SpecTask {
  readonly id: string;
  readonly task: string;
  readonly options: GivenOptions;
}

/** Reads the tasks of one file, and notes where those of its author's own are: beside the file, unless the path says otherwise. */
export function specTasks({ folder, text, options }: SpecFile) {
  const files = new Map<string, string>();
  const modules = new Set<string>();
  return {
    /** The task of an entry, `what` its place. @throws SPEC_INVALID */
    taskOf(entry: Readonly<Record<string, unknown>>, what: string): SpecTask {
      const word = text(entry.task, `${what}.task`);
      const given = options(entry.options, `${what}.options`);
      if (/[/\\]/.test(word) || /^\.[cm]?js$/.test(extname(word))) {
        const path = resolve(folder, word);
        modules.add(path);
        return { id: text(entry.id ?? basename(word, extname(word)), `${what}.id`), task: path, options: given };
      }
      const { file } = given;
      // A file that a flag has named already is that one.
      if (FILE_FAMILIES.includes(word) && typeof file === "string" && !hasTaskFile(file)) {
        files.set(file, resolve(folder, file));
      }
      return { id: text(entry.id ?? word, `${what}.id`), task: word, options: given };
    },
    /** Where they are, once all are read. */
    sources: (): TaskSources => ({
      files: Array.from(files, ([name, path]) => ({ name, path })),
      modules: [...modules],
    }),
  };
}

/**
 * Loads what a file's tasks need, and calls them as they are called: modules by their tasks' names, files with the hash that they have now, so
 * that nothing goes on with another.
 *
 * @throws TASK_FILE_INVALID, TASK_FILE_DIFFERS, TASK_UNKNOWN, OPTION_*
 */
export async function readyTasks<T extends { readonly task: string; readonly options?: GivenOptions | undefined }>(
  tasks: readonly T[],
  sources: TaskSources | undefined,
): Promise<T[]> {
  const names = sources === undefined ? new Map<string, string>() : await addTasks(sources);
  return tasks.map((entry) => {
    const task = names.get(entry.task) ?? entry.task;
    if (TASKS.some(({ name }) => name === task)) return { ...entry, task };
    const { pinned } = buildTask(task, entry.options ?? {});
    return pinned === undefined ? { ...entry, task } : { ...entry, task, options: { ...entry.options, ...pinned } };
  });
}
