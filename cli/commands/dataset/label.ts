/** `icrl dataset label DIR --expert AGENT`: what an expert would have done at every step of a dataset. */
import { join } from "node:path";
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import type { LabelTotals } from "../../../clients/typescript/label-dataset.js";
import { optionsFromTexts, resolveOptions } from "../../../common/options.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { labelByExpert } from "../../../jobs/label/label-by-expert.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { collect, required, wholeNumber } from "../arguments.js";

interface LabelFlags {
  expert?: string;
  name?: string;
  option?: string[];
  envs: number;
  streams: number;
  json?: boolean;
}

/** The command. */
export function labelCommand(): Command {
  return new Command("label")
    .description(
      "Label a dataset: at every step what a built-in agent would have done, and how probably. " +
        "Broken off at any moment, the same command goes on where it was.",
    )
    .argument("<dir>", "folder of a finished dataset")
    .option("--expert <agent>", "who labels; `icrl agents` lists them (required)")
    .option("--name <name>", "name of the labels (default: the expert's)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option("--envs <n>", "trials side by side in each session, at most", wholeNumber(1), 1024)
    .option("--streams <n>", "sessions side by side", wholeNumber(1, 64), 2)
    .option(
      "--json",
      "print JSON: {name, folder, agent, agent_version, agent_options, probabilities, trials, episodes, steps, seconds}",
    )
    .action(label);
}

async function label(dir: string, flags: LabelFlags, command: Command): Promise<void> {
  const expert = findAgent(required(flags.expert, "--expert <agent>", command));
  const name = flags.name ?? expert.name;
  const options = optionsFromTexts(expert.options, flags.option ?? []);
  resolveOptions(expert.options, options, `agent "${expert.name}"`);
  readDatasetManifest(dir); // all of this fails before a server is started for it
  const progress = commandProgress();
  progress.doing("starting a server, and reading what is to be labelled");
  const startedAt = performance.now();
  let totals: LabelTotals;
  try {
    const plan = { dir, expert, name, options, envs: flags.envs, streams: flags.streams };
    totals = await stoppable((signal) => labelByExpert(plan, progress, signal));
  } finally {
    progress.finish();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const entry = readDatasetManifest(dir).labels[name];
  if (!("folder" in entry)) throw new Error(`labels "${name}" are a column`); // the server refuses their names
  const { folder, agent, agent_version, agent_options, probabilities } = entry;
  printerFor(flags).print(
    { name, folder, agent, agent_version, agent_options, probabilities, ...totals, seconds },
    ({ trials, steps }) => {
      const labels = join(dir, folder);
      if (trials === 0) return `already labelled: ${labels}\n`;
      const rate = Math.round(steps / seconds);
      const known = probabilities ? "with probabilities" : "actions alone: the expert does not tell probabilities";
      return `${labels}: ${trials} trials, ${steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s), ${known}\n`;
    },
  );
}
