/** Every task there is, small enough to be played to its end. */
import type { OptionValue } from "../../common/options.js";
import { TASKS } from "../../server/tasks/registry.js";
import type { Task, TaskFamily } from "../../server/tasks/task.js";

/** Options of a family that make it small: a bandit of 40 steps, or 8 episodes of 5 steps; no other integer above 4 without need. */
export function smallOptions(family: TaskFamily): Record<string, OptionValue> {
  const defaults = Object.fromEntries(Object.entries(family.options).map(([name, row]) => [name, row.default]));
  const wanted: Record<string, number> =
    family.build(defaults).episodes === 1 ? { horizon: 40 } : { horizon: 5, episodes: 8 };
  const small: Record<string, OptionValue> = {};
  for (const [name, row] of Object.entries(family.options)) {
    if (row.type === "integer") small[name] = Math.max(row.min ?? 0, wanted[name] ?? Math.min(row.default, 4));
  }
  return small;
}

/** Every registered family small, and once more with each choice that is not its default. */
export function smallTasks(): Task[] {
  return TASKS.flatMap((family) => {
    const build = (given: Record<string, OptionValue>): Task => {
      const defaults = Object.entries(family.options).map(([name, row]) => [name, row.default]);
      return family.build({ ...Object.fromEntries(defaults), ...smallOptions(family), ...given });
    };
    const others = Object.entries(family.options).flatMap(([name, row]) =>
      row.type === "choice"
        ? row.choices.filter((choice) => choice !== row.default).map((choice) => ({ [name]: choice }))
        : [],
    );
    return [build({}), ...others.map(build)];
  });
}
