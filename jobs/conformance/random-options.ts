import type { Option, OptionValue } from "../../common/options.js";
import type { Rng } from "../../common/rng.js";
import type { TaskFamily } from "../../server/tasks/task.js";

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
