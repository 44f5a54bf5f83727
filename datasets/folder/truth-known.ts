/**
 * Whether the truth behind a dataset is known: the seeds that draw its instances, their best actions, regret. It is where a server of ours played,
 * and it is not where others' data were imported. What takes it says so there, instead of giving numbers that mean nothing.
 */
import { IcrlError } from "../../common/errors.js";
import type { DatasetHead, TaskHead } from "./dataset-manifest.js";

/** The family that tasks of imported data have: no server plays it. */
export const IMPORTED_TASK = "imported";

/** What labelling takes of it. */
export const LABELS_TAKE_TASKS =
  "an expert is told the task that it labels, and its tasks are none that this program has; it has the labels that came with it";

/** Whether it is known. */
export const truthKnown = ({ truth_known }: Pick<DatasetHead, "truth_known">): boolean => truth_known !== false;

/** Whether a task is one of imported data. */
export const isImportedTask = ({ task }: Pick<TaskHead, "task">): boolean => task === IMPORTED_TASK;

/**
 * Sees that it is known.
 *
 * @param what needs it, and what that is, as the end of a sentence
 * @throws TRUTH_UNKNOWN
 */
export function requireTruth(dir: string, manifest: Pick<DatasetHead, "truth_known">, what: string): void {
  if (truthKnown(manifest)) return;
  throw new IcrlError("TRUTH_UNKNOWN", `${dir} was imported, without the truth of its instances: ${what}`, {
    folder: dir,
  });
}
