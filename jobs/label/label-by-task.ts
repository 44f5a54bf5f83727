/** What the tasks themselves say at every step of a folder's trajectories: what `icrl dataset label --expert optimal` and `--expert posterior` do. */

import { computedExpert } from "../../server/labels/computed-experts.js";
import type { ComputedLabel, LabelledByTask } from "../../server/labels/label-by-task.js";
import type { JobListener } from "../listener.js";
import { tellLabelled } from "./label-progress.js";

/** What labels are called where nobody gives them a name. */
export const labelNameOf = (expert: string): string => computedExpert(expert)?.label ?? expert;

/**
 * Labels a folder, a dataset or what is collected of one, in this process: no agent is asked, and none may know what is found.
 *
 * @throws what labelling by the truth throws
 */
export async function labelByTask(
  dir: string,
  name: string,
  wanted: ComputedLabel,
  listener: JobListener,
  signal: AbortSignal,
): Promise<LabelledByTask> {
  const { labelTrials } = await import("../../server/labels/label-by-task.js"); // Arrow and DuckDB
  return labelTrials(dir, name, wanted, (so) => tellLabelled(name, so, listener), signal);
}
