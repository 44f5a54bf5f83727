import type { Option, OptionValue } from "#icrl/common/options.js";
import type { Rng } from "#icrl/common/rng.js";
import { TASKS } from "#icrl/server/tasks/registry.js";
import type { Task, TaskFamily } from "#icrl/server/tasks/task.js";

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

/** A value of every option that it allows; numbers within 12 of the lower bound, so that play stays short. */
export function randomOptions(family: TaskFamily, rng: Rng): Record<string, OptionValue> {
  return Object.fromEntries(Object.entries(family.options).map(([name, row]) => [name, randomValue(row, rng)]));
}

function randomValue(row: Option, rng: Rng): OptionValue {
  if (row.type === "choice") return row.choices[rng.integer(row.choices.length)];
  if (row.type === "boolean") return rng.uniform() < 0.5;
  if (row.type === "text") return row.default;
  const min = row.min ?? row.default;
  const span = Math.min((row.max ?? Number.POSITIVE_INFINITY) - min, 12);
  return row.type === "integer" ? min + rng.integer(span + 1) : min + span * rng.uniform();
}
