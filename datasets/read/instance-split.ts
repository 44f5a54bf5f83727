/** Which part of a split an instance belongs to. */
import { IcrlError } from "../../common/errors.js";
import { hash64 } from "../../common/seeds.js";

/** What a split takes of the truth. */
export const SPLITS_BY_SEED =
  "a split goes by the seeds of instances, so that none is on both sides, and there are none; `icrl dataset filter` chooses by other columns";

/** Names of parts to their shares. */
export type Parts = Readonly<Record<string, number>>;

/**
 * Makes the function that says to which part an instance belongs: u = hash("split", seed, family, task seed) / 2^64 falls into one of
 * the intervals that the shares cut [0, 1) into, in their order. It depends on nothing else: the behaviour that acted, the
 * dataset, what else is in it. So shares are met on average, and a dataset that grows keeps what it has where it is.
 *
 * @returns task family and task seed to the index of a part
 * @throws OPTION_INVALID unless there are parts and their shares are positive and add up to 1
 */
export function instanceSplit(parts: Parts, seed: bigint): (task: string, taskSeed: bigint) => number {
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
  return (task, taskSeed) => {
    const u = Number(hash64(["icrl.v1", "split", String(seed), task, String(taskSeed)])) / 2 ** 64;
    return ends.findIndex((end) => u < end);
  };
}
