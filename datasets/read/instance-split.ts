/** Which part of a split an instance belongs to. */
import { IcrlError } from "../../common/errors.js";
import { hash64 } from "../../common/seeds.js";
import type { DatasetManifest } from "../folder/dataset-manifest.js";

/** What a split takes of the truth. */
export const SPLITS_BY_INSTANCE =
  "a split goes by instances, so that none is on both sides, and which they are is not known; `icrl dataset filter` chooses by other columns";

/** Columns that say which instance a row is of. */
export const INSTANCE_COLUMNS = ["task", "instance", "task_seed"] as const;

/** Names of parts to their shares. */
export type Parts = Readonly<Record<string, number>>;

/**
 * Makes the function that says to which part an instance belongs: u = hash("split", seed, family, instance) / 2^64 falls into one of
 * the intervals that the shares cut [0, 1) into, in their order. The instance is what tells it apart where the task has only so many, a goal say, else its
 * seed. It depends on nothing else: the behaviour that acted, the
 * dataset, what else is in it. So shares are met on average, and a dataset that grows keeps what it has where it is.
 *
 * @returns task family, instance and task seed, of a row, to the index of a part
 * @throws OPTION_INVALID unless there are parts and their shares are positive and add up to 1
 */
export function instanceSplit(
  parts: Parts,
  seed: bigint,
): (task: string, instance: string | null, taskSeed: bigint) => number {
  const shares = Object.values(parts);
  const sum = shares.reduce((all, share) => all + share, 0);
  if (shares.length === 0 || shares.some((share) => !(share > 0)) || Math.abs(sum - 1) > 1e-6) {
    const given = Object.entries(parts).map(([name, share]) => `${name}=${share}`);
    const text = `parts are "${given.join(",")}": give positive shares that add up to 1, train=0.9,val=0.1 say`;
    throw new IcrlError("OPTION_INVALID", text, { option: "split" });
  }
  let cumulative = 0;
  const ends = shares.map((share) => {
    cumulative += share;
    return cumulative;
  });
  ends[ends.length - 1] = Number.POSITIVE_INFINITY;
  return (task, instance, taskSeed) => {
    const u = Number(hash64(["icrl.v1", "split", String(seed), task, instance ?? String(taskSeed)])) / 2 ** 64;
    return ends.findIndex((end) => u < end);
  };
}

/**
 * Sees that every task has an instance for each part.
 *
 * @param remedy what to do where it has not
 * @throws SELECTION_EMPTY
 */
export function requireInstances(dir: string, { tasks }: DatasetManifest, parts: number, remedy: string): void {
  const few = tasks.find(({ instances }) => instances !== undefined && instances < parts);
  if (few === undefined) return;
  const shown = few.instances === 1 ? "one instance" : `${few.instances} instances`;
  const text = `task "${few.id}" of ${dir} has ${shown} in ${few.trials} trials, and ${parts} parts have none in common: ${remedy}`;
  throw new IcrlError("SELECTION_EMPTY", text);
}
