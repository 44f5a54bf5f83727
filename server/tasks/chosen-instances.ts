import { text } from "../../common/options.js";
import { rngFromSeed } from "../../common/rng.js";
import { cellsOf } from "./mdps/cells.js";

/** An option that says which instances of a file a task has. */
export const INSTANCES_OPTION = text({
  default: "all",
  help: "instances of the file that trials have: all, or numbers and ranges, 0-63,70; others are held out",
});

/**
 * Which instance of so many a trial has: number floor(u n) of the n that the option names, u the first uniform of the task seed's stream
 * "instance"; and the words that tell it apart.
 *
 * @throws OPTION_INVALID
 */
export function instancesOf(named: string, count: number) {
  const chosen = cellsOf("instances", named, count);
  const of = (taskSeed: bigint): number => chosen[rngFromSeed(taskSeed).split("instance").integer(chosen.length)];
  return { of, instanceOf: (taskSeed: bigint): string => (count === 1 ? "" : `instance=${of(taskSeed)}`) };
}
