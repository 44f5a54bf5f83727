import { type Option, optionsFromTexts } from "../../common/options.js";
import type { OptionDescription } from "../../proto/gen/icrl/v1/task.js";
import type { Connection } from "./connect.js";

/**
 * Options of a server's task from `name=value` texts, converted by the table that the server has of them. It checks them, and the task's
 * name, when they are played.
 *
 * @throws OPTION_INVALID if a text has no "="
 */
export async function taskOptionsFromTexts(
  connection: Connection,
  task: string,
  texts: readonly string[],
): Promise<Record<string, unknown>> {
  if (texts.length === 0) return {};
  const { tasks } = await connection.listTasks();
  const rows = tasks.find(({ name }) => name === task)?.options ?? [];
  return optionsFromTexts(Object.fromEntries(rows.map((row) => [row.name, optionOf(row)])), texts);
}

function optionOf({ type, defaultValue, help, min, max, choices }: OptionDescription): Option {
  return { type, default: defaultValue, help, min, max, choices } as Option; // a table that the server made of such rows
}
