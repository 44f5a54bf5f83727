/** Runs the suite of tasks over one: with its defaults, each choice and lower bound, and settings drawn at random. What `icrl conformance --task` does. */
import { setImmediate as turn } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import type { Option, OptionValue } from "../../common/options.js";
import { resolveOptions } from "../../common/options.js";
import { rngFromSeed } from "../../common/rng.js";
import { taskViolations } from "../../server/tasks/conformance/task-violations.js";
import type { Task, TaskFamily } from "../../server/tasks/task.js";
import type { JobListener } from "../listener.js";
import { isAsked, type Outcome } from "./outcome.js";
import { randomOptions } from "./random-options.js";

type Setting = Readonly<Record<string, OptionValue>>;

/** What an instance may take, in operations: what is checked is played many times. */
const MOST_WORK = 20_000_000;

/** Most steps of a trial. */
const MOST_STEPS = 200_000;

/** Settings of a family that are checked, each by the name of its check. */
function settingsOf(family: TaskFamily, random: number): Map<string, Setting> {
  const settings = new Map<string, Setting>([["conforms with its defaults", {}]]);
  for (const [name, row] of Object.entries(family.options)) {
    for (const value of edgesOf(row)) {
      if (value !== row.default) settings.set(`conforms with ${name}=${value}`, { [name]: value });
    }
  }
  const rng = rngFromSeed(2026n);
  for (let i = 0; i < random; i++) {
    const setting = randomOptions(family, rng);
    settings.set(`conforms with ${JSON.stringify(setting)}`, setting);
  }
  return settings;
}

function edgesOf(row: Option): readonly OptionValue[] {
  if (row.type === "choice") return row.choices;
  if (row.type === "boolean") return [false, true];
  return row.type === "text" || row.min === undefined ? [] : [row.min];
}

/**
 * Checks it.
 *
 * @param only texts, one of which is in the name of each check that is run; [] runs all
 * @param random settings that are drawn
 * @throws the signal's reason once it is aborted
 */
export async function checkTask(
  family: TaskFamily,
  { only, random }: { readonly only: readonly string[]; readonly random: number },
  listener: JobListener,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const asked = [...settingsOf(family, random)].filter(([name]) => isAsked(name, only));
  const outcomes: Outcome[] = [];
  for (const [name, setting] of asked) {
    listener.update([{ name: "", done: outcomes.length, total: asked.length }]);
    await turn();
    signal.throwIfAborted();
    outcomes.push({ name, ...outcomeOf(family, setting) });
  }
  listener.update([{ name: "", done: asked.length, total: asked.length }]);
  return outcomes;
}

function outcomeOf(family: TaskFamily, setting: Setting): Omit<Outcome, "name"> {
  let task: Task;
  try {
    task = family.build(resolveOptions(family.options, setting, `task "${family.name}"`));
  } catch (error) {
    // Options that do not go together may be refused, by the reason that is for it.
    if (error instanceof IcrlError) return { result: "skipped", faults: [], notes: [error.message] };
    return { result: "fails", faults: [`it cannot be built: ${(error as Error).message}`], notes: [] };
  }
  if (task.cost.uniform > MOST_WORK || task.horizon > MOST_STEPS) {
    return { result: "skipped", faults: [], notes: ["an instance is too large to be played many times"] };
  }
  try {
    const faults = taskViolations(task);
    return { result: faults.length === 0 ? "holds" : "fails", faults, notes: [] };
  } catch (error) {
    return { result: "fails", faults: [`it fails with ${(error as Error).message}`], notes: [] };
  }
}

/** Names of all checks of a family. */
export const taskCheckNames = (family: TaskFamily, random: number): string[] => [...settingsOf(family, random).keys()];
