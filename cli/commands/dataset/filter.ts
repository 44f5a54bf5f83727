import { Command, Option } from "commander";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
import { required, wholeNumber } from "../arguments.js";

interface FilterFlags {
  where?: string;
  trials?: "any" | "all";
  every?: number;
  out?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** `icrl dataset filter DIR --where SQL --out DIR`. */
export function filterCommand(): Command {
  const command = new Command("filter")
    .description("The episodes of a dataset that match a condition, with their labels, as a dataset.")
    .argument("<dir>", "folder of the dataset")
    .option(
      "--where <sql>",
      "condition over the columns of docs/log.md, in DuckDB's SQL; it reads the dataset's shards, and no other file",
    )
    .addOption(
      new Option("--trials <word>", "keep whole trials: those of which any episode matches, or all").choices([
        "any",
        "all",
      ]),
    )
    .option(
      "--every <k>",
      "of what matches, only episodes whose number in their trial is a multiple of k",
      wholeNumber(1),
    )
    .option("--out <dir>", "folder of the new dataset (required)")
    .option("--overwrite", "replace a dataset that is there")
    .option("--json", "print JSON: the new dataset's manifest");
  return command.action(async (dir: string, { json, out: given, ...flags }: FilterFlags) => {
    const out = required(given, "--out <dir>", command);
    if (flags.where === undefined && flags.every === undefined)
      command.error("error: nothing to filter by: give --where or --every");
    readDatasetManifest(dir); // this fails before anything is said
    const named = { first: `reading ${dir}`, name: "filtering", units: "episodes" };
    const manifest = await workProgress(named, async ({ update }) => {
      const { filterDataset } = await import("../../../datasets/rewrite/filter-dataset.js");
      return filterDataset(dir, out, { nodeVersion: process.versions.node, ...flags, onProgress: update });
    });
    printerFor({ json }).print(
      manifest,
      ({ episodes, trials }) => `${out}: ${episodes} episodes of ${trials} trials\n`,
    );
  });
}
