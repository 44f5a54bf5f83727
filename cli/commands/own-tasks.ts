/** Flags of commands that take tasks: modules and files that their process, and the servers that it starts, have beside the built-in ones. */
import { extname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { addTasks } from "../../server/own-tasks/own-tasks.js";
import { collect } from "./arguments.js";

interface TaskFlags {
  taskFile?: { readonly name: string; readonly path: string }[];
  taskModule?: string[];
}

/** Adds the flags to a command; what they name is loaded before it acts. `serve` calls modules `--task`: it has no other. */
export function withTaskFlags(command: Command, moduleFlag: "--task" | "--task-module" = "--task-module"): Command {
  return command
    .option(
      `${moduleFlag} <file>`,
      "a JavaScript module whose default export is a task of your own (its code runs); may be repeated",
      collect,
    )
    .option(
      "--task-file <name=path>",
      "JSON or .npz with MDPs or bandits of your own, for the tasks tabular-mdp and bandit with the option file=NAME; may be repeated",
      nameAndPath,
    )
    .hook("preAction", async (_, action) => {
      const flags = action.opts<TaskFlags & { task?: string[] }>();
      const modules = (moduleFlag === "--task" ? flags.task : flags.taskModule) ?? [];
      const files = flags.taskFile ?? [];
      if (modules.length + files.length > 0) await addTasks({ files, modules });
    });
}

function nameAndPath(text: string, before: TaskFlags["taskFile"] = []): TaskFlags["taskFile"] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("Give NAME=PATH.");
  return [...before, { name: text.slice(0, at), path: text.slice(at + 1) }];
}

/** Whether a word is the path of a module: names of tasks have neither slash nor ending. */
const isModulePath = (word: string): boolean => /[/\\]/.test(word) || /^\.[cm]?js$/.test(extname(word));

/** The name of the task that a word of a command line names: its own, or that of a module's task, which is loaded. @throws TASK_FILE_INVALID */
export async function taskNamed(word: string): Promise<string> {
  if (!isModulePath(word)) return word;
  return (await addTasks({ files: [], modules: [word] })).get(word) as string;
}
