import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import { resolveOptions } from "../../common/options.js";
import { bernoulliBandit } from "./bandits/bernoulli-bandit.js";
import { gaussianBandit } from "./bandits/gaussian-bandit.js";
import { linearBandit } from "./bandits/linear-bandit.js";
import { chain } from "./mdps/chain.js";
import { darkKeyToDoor } from "./mdps/dark-key-to-door.js";
import { darkRoom } from "./mdps/dark-room.js";
import { deepSea } from "./mdps/deep-sea.js";
import { randomMdp } from "./mdps/random-mdp.js";
import { riverSwim } from "./mdps/river-swim.js";
import type { Task, TaskFamily } from "./task.js";

/** Every task family this server plays, sorted by name. */
export const TASKS: readonly TaskFamily[] = [
  bernoulliBandit,
  chain,
  darkKeyToDoor,
  darkRoom,
  deepSea,
  gaussianBandit,
  linearBandit,
  randomMdp,
  riverSwim,
];

/**
 * The family of that name.
 * @throws TASK_UNKNOWN if there is none
 */
export function taskFamily(name: string): TaskFamily {
  const family = TASKS.find((candidate) => candidate.name === name);
  if (family !== undefined) return family;
  const names = TASKS.map((candidate) => candidate.name);
  const hint = didYouMean(name, names) || `: send one of ${names.join(", ")}`;
  throw new IcrlError("TASK_UNKNOWN", `there is no task "${name}"${hint}`, { task: name });
}

/**
 * The task that a family's name and the options that differ from their defaults give.
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID
 */
export function buildTask(name: string, options: Readonly<Record<string, unknown>> = {}): Task {
  const family = taskFamily(name);
  return family.build(resolveOptions(family.options, options, `task "${name}"`));
}
