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
 * The settings that agents are timed on and held to their golden regret on. An agent is run on those it plays; the first in which
 * a task is named is its best known one. E1 and E2: Lin, Bai & Mei (2023).
 */
export const STANDARD_TASKS: readonly StandardTask[] = [
  { id: "e1", task: "linear-bandit", options: {} },
  { id: "e1-fresh", task: "linear-bandit", options: { arm_set: "fresh" } },
  { id: "e2", task: "bernoulli-bandit", options: {} },
  { id: "river-swim", task: "river-swim", options: {} },
];
