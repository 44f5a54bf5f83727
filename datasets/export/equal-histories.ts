/**
 * Histories that are as long as each other, of one kind of task: what loaders take for granted that stack them. A format that is for them has the
 * option `steps`, by which longer ones are cut.
 */
import { IcrlError } from "../../common/errors.js";
import type { TaskEntry } from "../folder/dataset-manifest.js";
import type { ExportSource } from "./export-format.js";
import type { Trial } from "./read-trials.js";

/** The option. */
export const STEPS_OPTION = {
  steps: { kind: "most", help: "steps of each history: longer ones are cut, and shorter ones left out" },
} as const;

/**
 * Sees that all tasks show and take the same.
 *
 * @throws EXPORT_UNSUPPORTED
 */
export function requireOneKind({ tasks }: ExportSource): void {
  const all = [...tasks.values()];
  const kindOf = (task: TaskEntry) =>
    JSON.stringify([task.num_actions, task.observation_space, task.trial_features_shape]);
  const other = all.find((task) => kindOf(task) !== kindOf(all[0]));
  if (other === undefined) return;
  const text = `histories of one file have the same actions and observations, and tasks "${all[0].id}" and "${other.id}" differ in them: export one with --task ID`;
  throw new IcrlError("EXPORT_UNSUPPORTED", text);
}

/** Makes the function that says how many steps of a trial are taken; undefined: it is left out. It throws EXPORT_UNSUPPORTED where trials differ and nobody said what to do. */
export function equalHistories(
  steps: number | undefined,
): (trial: Pick<Trial, "episodes">, length: number) => number | undefined {
  let first: { readonly id: string; readonly length: number } | undefined;
  return ({ episodes }, length) => {
    if (steps !== undefined) return length < steps ? undefined : steps;
    const id = episodes[0].row.trial_id;
    first ??= { id, length };
    if (length === first.length) return length;
    const least = Math.min(length, first.length);
    const text = `histories of one file are as long as each other, and trial ${first.id} has ${first.length} steps, trial ${id} ${length}: --steps ${least} cuts longer ones, and leaves out what is shorter`;
    throw new IcrlError("EXPORT_UNSUPPORTED", text);
  };
}
