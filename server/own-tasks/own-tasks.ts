/**
 * The tasks that this process was started with beside the built-in ones: from modules, whose code it runs, and from files, which are data.
 * Whoever starts a process names them; nobody who connects to it can, and no option of a task is a path that is opened.
 */
import { resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { banditOfFile } from "../tasks/bandits/bandit.js";
import { tabularMdp } from "../tasks/mdps/tabular-mdp.js";
import { setOwnFamilies } from "../tasks/registry.js";
import type { TaskFamily } from "../tasks/task.js";
import { loadTaskModule } from "./load-task-module.js";
import { readTaskFile, type TaskFile } from "./read-task-file.js";

/** Where tasks are from. */
export interface TaskSources {
  /** Files of MDPs and bandits, and what clients call them. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Paths of modules. */
  readonly modules: readonly string[];
}

/** Families that take a file. */
export const FILE_FAMILIES: readonly string[] = ["tabular-mdp", "bandit"];

const files = new Map<string, { readonly path: string; readonly file: TaskFile }>();
const modules = new Map<string, TaskFamily>();

/** What a file may be called: what stands in an option and, before a "=", on a command line. */
const isFileName = (name: string): boolean => /^[^\p{C}=]{1,200}$/u.test(name);

/**
 * Adds tasks to those of this process. What is there already from the same place stays as it is.
 *
 * @returns the name of each module's task, by the path that was given
 * @throws TASK_FILE_INVALID if a file or module is none, or two have one name
 */
export async function addTasks({ files: given, modules: paths }: TaskSources): Promise<ReadonlyMap<string, string>> {
  for (const { name, path: relative } of given) {
    const path = resolve(relative);
    if (!isFileName(name)) {
      throw new IcrlError(
        "TASK_FILE_INVALID",
        `a file cannot be called ${JSON.stringify(name)}: give a name without "="`,
        { file: name },
      );
    }
    const known = files.get(name);
    if (known !== undefined && known.path !== path) {
      throw new IcrlError("TASK_FILE_INVALID", `two files are called "${name}": ${known.path} and ${path}`, {
        file: name,
      });
    }
    if (known === undefined) files.set(name, { path, file: readTaskFile(name, path) });
  }
  const names = new Map<string, string>();
  for (const relative of paths) {
    const path = resolve(relative);
    const family = modules.get(path) ?? (await loadTaskModule(path));
    const other = [...modules].find(([file, { name }]) => name === family.name && file !== path);
    if (other !== undefined || FILE_FAMILIES.includes(family.name)) {
      const whose = other === undefined ? "is for tasks of files" : `is that of ${other[0]}`;
      throw new IcrlError("TASK_FILE_INVALID", `${path}: its task's name "${family.name}" ${whose}: give it another`, {
        file: path,
      });
    }
    modules.set(path, family);
    names.set(relative, family.name);
  }
  setOwnFamilies([...fileFamilies(), ...modules.values()]);
  return names;
}

function fileFamilies(): TaskFamily[] {
  const all = Array.from(files.values(), ({ file }) => file);
  const mdps = all.filter((file) => file.holds === "mdps");
  const bandits = all.filter((file) => file.holds === "bandits");
  return [...(mdps.length > 0 ? [tabularMdp(mdps)] : []), ...(bandits.length > 0 ? [banditOfFile(bandits)] : [])];
}

/** Where the tasks of this process are from: for the servers and threads that it starts, which are to have the same. */
export const ownTaskSources = (): TaskSources => ({
  files: Array.from(files, ([name, { path }]) => ({ name, path })),
  modules: [...modules.keys()],
});

/** Whether a file is there under a name. */
export const hasTaskFile = (name: string): boolean => files.has(name);

/** Forgets them: for tests, several of which share a process. */
export function forgetOwnTasks(): void {
  files.clear();
  modules.clear();
  setOwnFamilies([]);
}
