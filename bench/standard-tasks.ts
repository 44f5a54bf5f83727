import type { OptionValue } from "../common/options.js";

/** A task with options under a name of its own. */
export interface StandardTask {
  /** Name, kebab-case. */
  readonly id: string;
  readonly task: string;
  /** Those that differ from the task's defaults. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/**
 * The settings that agents are timed on and held to their golden regret on. An agent is run on those it plays; the
 * first in which a task is named is its best known one. E1 and E2: Lin, Bai & Mei (2023); rl2-mdp: Duan et al.
 * (2016), table 2.
 */
export const STANDARD_TASKS: readonly StandardTask[] = [
  { id: "e1", task: "linear-bandit", options: {} },
  { id: "e1-fresh", task: "linear-bandit", options: { arm_set: "fresh" } },
  { id: "e2", task: "bernoulli-bandit", options: {} },
  { id: "gaussian-5", task: "gaussian-bandit", options: {} },
  { id: "river-swim", task: "river-swim", options: {} },
  { id: "rl2-mdp", task: "random-mdp", options: {} },
  {
    id: "random-mdp",
    task: "random-mdp",
    options: { states: 5, actions: 3, horizon: 5, episodes: 50, rewards: "bernoulli" },
  },
  { id: "deep-sea", task: "deep-sea", options: { size: 8 } },
  { id: "chain", task: "chain", options: {} },
  { id: "dark-room", task: "dark-room", options: { episodes: 20 } },
  { id: "key-to-door", task: "dark-key-to-door", options: {} },
];
