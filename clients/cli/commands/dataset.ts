/** `icrl dataset VERB`: offline datasets. One file in dataset/ for each verb. */
import { Command } from "commander";
import { filterCommand } from "./dataset/filter.js";
import { headCommand } from "./dataset/head.js";
import { infoCommand } from "./dataset/info.js";
import { mergeCommand } from "./dataset/merge.js";
import { queryCommand } from "./dataset/query.js";
import { splitCommand } from "./dataset/split.js";
import { verifyCommand } from "./dataset/verify.js";

/** The command. */
export function datasetCommand(): Command {
  return new Command("dataset")
    .description("Offline datasets: look at them, check them, merge, split and filter them.")
    .addCommand(infoCommand())
    .addCommand(headCommand())
    .addCommand(queryCommand())
    .addCommand(verifyCommand())
    .addCommand(mergeCommand())
    .addCommand(splitCommand())
    .addCommand(filterCommand());
}
