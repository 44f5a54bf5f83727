/** `icrl dataset VERB`: offline datasets. One file for each verb in dataset/. */
import { Command } from "commander";
import { collectCommand } from "./dataset/collect.js";
import { labelCommand } from "./dataset/label.js";

/** The command. */
export function datasetCommand(): Command {
  return new Command("dataset")
    .description("Collect offline datasets, label them, look at them, check them, export them.")
    .addCommand(collectCommand())
    .addCommand(labelCommand());
}
