/** What an evaluation plays: the tasks that a model was trained on or others, and each with an option changed. */
import type { Checkpoint } from "../../agents/transformer/checkpoint.js";
import { requireRoom } from "../../agents/transformer/require-room.js";
import { requireFits } from "../../agents/transformer/token-layout.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import { optionsFromTexts } from "../../common/options.js";
import { trialShape } from "../../common/trial-shape.js";
import { describeTask } from "../../server/tasks/describe-task.js";
import { buildTask, taskFamily } from "../../server/tasks/registry.js";
import type { Task } from "../../server/tasks/task.js";
import { requirePlays } from "../require-plays.js";
import type { Options } from "../tournament/results.js";

/** A task, by its options. */
export interface TaskEntry {
  readonly id: string;
  readonly task: string;
  readonly options: Options;
}

/** A task to play. */
export interface PlannedTask extends TaskEntry {
  /** As in the training; of a shifted one `ID NAME:VALUE`. */
  readonly id: string;
  /** What was changed, `NAME=VALUE`; undefined where nothing was. */
  readonly shift: string | undefined;
  /** Why the model cannot play it; undefined where it can. */
  readonly refused: string | undefined;
}

/** A model, and where it was read. */
export interface StoredModel {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The tasks: those given, and each of them with each shift whose option it has.
 *
 * @param others who play them, too: the expert, and whose play it is compared on
 * @param shifts `name=value` texts
 * @throws OPTION_UNKNOWN if no task has a shift's option
 * @throws OPTION_INVALID if a value is not allowed
 * @throws TASK_UNSUPPORTED if the model can play none of them, or one of the others does not play them all
 */
export function planTasks(
  model: StoredModel,
  others: readonly Agent[],
  tasks: readonly TaskEntry[],
  shifts: readonly string[],
): PlannedTask[] {
  const planned = [
    ...tasks.map((task) => ({ ...task, shift: undefined })),
    ...shifts.flatMap((s) => shifted(tasks, s)),
  ];
  const checked = planned.map((entry): PlannedTask => {
    const task = buildTask(entry.task, entry.options);
    for (const agent of others) requirePlays(agent, task);
    return { ...entry, refused: refusal(model, task) };
  });
  const [{ refused }] = checked;
  if (refused !== undefined && checked.every((entry) => entry.refused !== undefined)) {
    throw new IcrlError("TASK_UNSUPPORTED", refused);
  }
  return checked;
}

/** The tasks that have an option, with its value changed. */
function shifted(tasks: readonly TaskEntry[], shift: string): (TaskEntry & { readonly shift: string })[] {
  const [name, value] = shift.split("=", 2);
  const having = tasks.filter(({ task }) => value !== undefined && Object.hasOwn(taskFamily(task).options, name));
  if (having.length === 0) {
    const all = [...new Set(tasks.flatMap(({ task }) => Object.keys(taskFamily(task).options)))];
    throw new IcrlError("OPTION_UNKNOWN", `shift "${shift}": give NAME=VALUE, NAME one of ${all.join(", ")}`, {
      option: name,
    });
  }
  return having.map(({ id, task, options }) => ({
    id: `${id} ${name}:${value}`, // as ids may be
    task,
    options: { ...options, ...optionsFromTexts(taskFamily(task).options, [shift]) },
    shift,
  }));
}

/** Why a model cannot play a task; undefined where it can. */
function refusal({ folder, checkpoint: { model, tokens } }: StoredModel, task: Task): string | undefined {
  try {
    requireFits(tokens, trialShape(describeTask(task)));
    requireRoom({ folder, model }, { task: task.name, horizon: task.horizon, episodes: task.episodes }, 0);
    return undefined;
  } catch (error) {
    if (error instanceof IcrlError) return error.message;
    throw error;
  }
}
