/** What an evaluation plays: the model's tasks and shifted ones, the model beside an expert, uniform play, and itself with less memory. */
import type { Checkpoint } from "../../../agents/transformer/checkpoint.js";
import { isUnbounded } from "../../../agents/transformer/model-config.js";
import { requireFits, tokensPerStep } from "../../../agents/transformer/token-layout.js";
import { IcrlError } from "../../../common/errors.js";
import { buildTask, taskFamily } from "../../../server/tasks/registry.js";
import type { Task } from "../../../server/tasks/task.js";
import type { Options } from "../results.js";

/** A task to play. */
export interface PlannedTask {
  /** As in the training; of a shifted one `ID NAME=VALUE`. */
  readonly id: string;
  readonly task: string;
  readonly options: Options;
  /** What was changed; undefined where nothing was. */
  readonly shift: string | undefined;
  /** Why the model cannot play it; undefined where it can. */
  readonly refused: string | undefined;
}

/**
 * The tasks: those given, and each of them with each shift whose option it has.
 *
 * @param shifts `name=value` texts
 * @throws OPTION_UNKNOWN if no task has a shift's option
 * @throws OPTION_INVALID if a value is not allowed
 */
export function planTasks(
  checkpoint: Checkpoint,
  tasks: readonly { readonly id: string; readonly task: string; readonly options: Options }[],
  shifts: readonly string[],
): PlannedTask[] {
  const planned = tasks.map((task): PlannedTask => ({ ...task, shift: undefined, refused: refusal(checkpoint, task) }));
  for (const shift of shifts) {
    const at = shift.indexOf("=");
    const name = shift.slice(0, at);
    const having = tasks.filter(({ task }) => at > 0 && Object.hasOwn(taskFamily(task).options, name));
    if (having.length === 0) {
      const all = [...new Set(tasks.flatMap(({ task }) => Object.keys(taskFamily(task).options)))];
      throw new IcrlError(
        "OPTION_UNKNOWN",
        `shift "${shift}": give NAME=VALUE with an option of the task: ${all.join(", ")}`,
        { option: name },
      );
    }
    for (const { id, task, options } of having) {
      const text = shift.slice(at + 1);
      const value =
        text === "true" ? true : text === "false" ? false : Number.isNaN(Number(text)) ? text : Number(text);
      const shifted = { id: `${id} ${shift}`, task, options: { ...options, [name]: value } };
      planned.push({ ...shifted, shift, refused: refusal(checkpoint, shifted) });
    }
  }
  return planned;
}

/** Why the model cannot play a task. */
function refusal({ model, tokens }: Checkpoint, { task: family, options }: { task: string; options: Options }) {
  const task = buildTask(family, options);
  try {
    requireFits(tokens, measuresOf(task));
  } catch (error) {
    if (error instanceof IcrlError) return error.message;
    throw error;
  }
  const needed = task.horizon * task.episodes * tokensPerStep(tokens);
  if (needed <= model.context || isUnbounded(model)) return undefined;
  return `its trials have ${needed} tokens, the model's context ${model.context}`;
}

function measuresOf(task: Task) {
  const { observationSpace: space, trialFeaturesShape } = task;
  const fresh = space.type === "box" && space.shape.length === 2 ? space.shape[1] : undefined;
  return {
    task: task.name,
    numActions: task.numActions,
    numStates: space.type === "discrete" ? space.n : 1,
    dim: fresh ?? trialFeaturesShape[1] ?? 0,
  };
}
