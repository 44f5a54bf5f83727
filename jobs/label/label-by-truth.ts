/** The best actions at every step of a folder's trajectories: what `icrl dataset label --expert optimal` does. */
import type { LabelledByTruth } from "../../server/labels/label-by-truth.js";
import { OPTIMAL } from "../../server/labels/optimal.js";
import type { JobListener } from "../listener.js";
import { tellLabelled } from "./label-progress.js";

/** Whether an expert of a name is the truth itself, and no agent. */
export const isTruth = (expert: string | undefined): boolean => expert === OPTIMAL.name;

/** What labels are called where nobody gives them a name. */
export const labelNameOf = (expert: string): string => (isTruth(expert) ? OPTIMAL.label : expert);

/**
 * Labels a folder, a dataset or what is collected of one, in this process: no agent is asked, and none may know what is found.
 *
 * @throws what labelling by the truth throws
 */
export async function labelBest(
  dir: string,
  name: string,
  listener: JobListener,
  signal: AbortSignal,
): Promise<LabelledByTruth> {
  const { labelByTruth } = await import("../../server/labels/label-by-truth.js"); // Arrow and DuckDB
  return labelByTruth(dir, name, (so) => tellLabelled(name, so, listener), signal);
}
