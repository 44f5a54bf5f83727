import { Command } from "commander";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
import { required } from "../arguments.js";

/** `icrl dataset merge A B ... --out DIR`. */
export function mergeCommand(): Command {
  const command = new Command("merge")
    .description(
      "Several datasets as one. A trial that is in several of them with the same content is kept once; labels that all have are kept.",
    )
    .argument("<dirs...>", "folders of the datasets, at least two")
    .option("--out <dir>", "folder of the new dataset (required)")
    .option("--overwrite", "replace a dataset that is there")
    .option("--json", "print JSON: the new dataset's manifest");
  return command.action(async (dirs: string[], flags: { out?: string; overwrite?: boolean; json?: boolean }) => {
    const out = required(flags.out, "--out <dir>", command);
    if (dirs.length < 2) command.error("error: one dataset is nothing to merge: give at least two");
    const { overwrite } = flags;
    dirs.forEach(readDatasetManifest); // this fails before anything is said
    const named = { first: `reading ${dirs.join(", ")}`, name: "merging", units: "episodes" };
    const manifest = await workProgress(named, async ({ update }) => {
      const { mergeDatasets } = await import("../../../datasets/rewrite/merge-datasets.js");
      return mergeDatasets(dirs, out, { nodeVersion: process.versions.node, overwrite, onProgress: update });
    });
    printerFor(flags).print(manifest, ({ episodes, trials }) => `${out}: ${episodes} episodes of ${trials} trials\n`);
  });
}
