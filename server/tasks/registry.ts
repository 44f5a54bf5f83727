import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import { resolveOptions } from "../../common/options.js";
import { bernoulliBandit } from "./bandits/bernoulli-bandit.js";
import { gapBandit } from "./bandits/gap-bandit.js";
import { gaussianBandit } from "./bandits/gaussian-bandit.js";
import { linearBandit } from "./bandits/linear-bandit.js";
import { oddEvenBandit } from "./bandits/odd-even-bandit.js";
import { oneFixedArmBandit } from "./bandits/one-fixed-arm-bandit.js";
import { bandedMdp } from "./mdps/banded-mdp.js";
import { chain } from "./mdps/chain.js";
import { cliffWalking } from "./mdps/cliff-walking.js";
import { darkKeyToDoor } from "./mdps/dark-key-to-door.js";
import { darkRoom } from "./mdps/dark-room.js";
import { deepSea } from "./mdps/deep-sea.js";
import { frozenLake } from "./mdps/frozen-lake.js";
import { garnet } from "./mdps/garnet.js";
import { maze } from "./mdps/maze.js";
import { randomMdp } from "./mdps/random-mdp.js";
import { riverSwim } from "./mdps/river-swim.js";
import { taxi } from "./mdps/taxi.js";
import type { Task, TaskFamily } from "./task.js";

/** Every built-in task family, sorted by name. */
export const TASKS: readonly TaskFamily[] = [
  bandedMdp,
  bernoulliBandit,
  chain,
  cliffWalking,
  darkKeyToDoor,
  darkRoom,
  deepSea,
  frozenLake,
  gapBandit,
  garnet,
  gaussianBandit,
  linearBandit,
  maze,
  oddEvenBandit,
  oneFixedArmBandit,
  randomMdp,
  riverSwim,
  taxi,
];

let own: readonly TaskFamily[] = [];

/**
 * Sets what this process plays beside the built-in families: of modules and files that it was started with. One list for the process, since
 * a task's name must mean the same to everything in it: a session, a tournament that is gone on with, the log that is played again.
 */
export function setOwnFamilies(families: readonly TaskFamily[]): void {
  own = families;
}

/** Every family that this process plays, sorted by name. */
export function taskFamilies(): readonly TaskFamily[] {
  return own.length === 0 ? TASKS : [...TASKS, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What has to be given for families that are there with their files alone. */
const NEEDS_FILE: Readonly<Record<string, string>> = {
  bandit: ", which takes arms from a file: none was given by --task-file",
  "tabular-mdp": ", which takes P and R from a file: none was given by --task-file",
};

/**
 * The family of that name.
 * @throws TASK_UNKNOWN if there is none
 */
export function taskFamily(name: string): TaskFamily {
  const families = taskFamilies();
  const family = families.find((candidate) => candidate.name === name);
  if (family !== undefined) return family;
  const names = families.map((candidate) => candidate.name);
  const needs = Object.hasOwn(NEEDS_FILE, name) ? NEEDS_FILE[name] : "";
  const hint = needs || didYouMean(name, names) || `: send one of ${names.join(", ")}`;
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
