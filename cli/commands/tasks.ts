/** `icrl tasks [NAME]`: the tasks of this package. */
import { Command } from "commander";
import { optionsText } from "../../common/options-text.js";
import { buildTask, taskFamilies, taskFamily } from "../../server/tasks/registry.js";
import type { TaskFamily } from "../../server/tasks/task.js";
import { printerFor } from "../print/printer.js";
import { optionsJson } from "./describe.js";
import { withTaskFlags } from "./own-tasks.js";

/** The command. */
export function tasksCommand(): Command {
  const command = new Command("tasks")
    .description("List the tasks, or describe one with its options.")
    .argument("[name]", "a task")
    .option(
      "--json",
      "print JSON: [{name, version, summary, source, kinds, num_actions, horizon, episodes, reward, options}]; one object with a name",
    )
    .action((name: string | undefined, flags: { json?: boolean }) => {
      if (name !== undefined) printerFor(flags).print(taskFamily(name), taskText, taskJson);
      else printerFor(flags).print(taskFamilies(), tasksText, (families) => families.map(taskJson));
    });
  return withTaskFlags(command, "--task");
}

const tasksText = (families: readonly TaskFamily[]): string =>
  families.map(({ name, summary }) => `${name.padEnd(20)}${summary}\n`).join("");

function taskJson(family: TaskFamily): Record<string, unknown> {
  const { kinds, numActions, horizon, episodes, reward } = buildTask(family.name, {});
  return {
    name: family.name,
    version: family.version,
    summary: family.summary,
    source: family.source,
    kinds,
    num_actions: numActions,
    horizon,
    episodes,
    reward: { kind: reward.kind, min: reward.min, max: reward.max, noise_std: reward.noiseStd },
    options: optionsJson(family.options),
  };
}

function taskText(family: TaskFamily): string {
  const { kinds, numActions, horizon, episodes, reward } = buildTask(family.name, {});
  const bound = (value: number | undefined, infinite: string) => (value === undefined ? infinite : String(value));
  return [
    `${family.name} (version ${family.version})`,
    family.summary,
    `Source: ${family.source}`,
    "",
    "With its defaults:",
    `  kinds    ${kinds.join(", ") || "none: agents play it by its name, or play any task"}`,
    `  actions  ${numActions}`,
    `  horizon  ${horizon} steps an episode, ${episodes} ${episodes === 1 ? "episode" : "episodes"} a trial`,
    `  rewards  ${reward.kind}, in [${bound(reward.min, "-inf")}, ${bound(reward.max, "inf")}]`,
    "",
    optionsText(family.options),
  ].join("\n");
}
