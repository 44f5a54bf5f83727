/** `icrl dataset VERB`: offline datasets. One file for each verb in dataset/. */
import { Command } from "commander";
import { collectCommand } from "./dataset/collect.js";
import { exportCommand } from "./dataset/export.js";
import { filterCommand } from "./dataset/filter.js";
import { headCommand } from "./dataset/head.js";
import { importCommand } from "./dataset/import.js";
import { infoCommand } from "./dataset/info.js";
import { labelCommand } from "./dataset/label.js";
import { mergeCommand } from "./dataset/merge.js";
import { queryCommand } from "./dataset/query.js";
import { ratioCommand } from "./dataset/ratio.js";
import { splitCommand } from "./dataset/split.js";
import { verifyCommand } from "./dataset/verify.js";

/** The command. */
export function datasetCommand(): Command {
  return new Command("dataset")
    .description("Collect or import offline datasets, label them, look at them, check them, export them.")
    .addCommand(collectCommand())
    .addCommand(labelCommand())
    .addCommand(infoCommand())
    .addCommand(headCommand())
    .addCommand(queryCommand())
    .addCommand(verifyCommand())
    .addCommand(mergeCommand())
    .addCommand(splitCommand())
    .addCommand(filterCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(ratioCommand());
}
