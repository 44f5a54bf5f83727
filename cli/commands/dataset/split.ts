import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { realNumberOf } from "../../../common/written-numbers.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../../datasets/folder/truth-known.js";
import { SPLITS_BY_INSTANCE } from "../../../datasets/read/instance-split.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
import { required, uint64 } from "../arguments.js";

interface SplitFlags {
  parts?: Record<string, number>;
  out?: string;
  seed: bigint;
  overwrite?: boolean;
  json?: boolean;
}

/** `icrl dataset split DIR --parts train=0.9,val=0.1 --out DIR`. */
export function splitCommand(): Command {
  const command = new Command("split")
    .description("Several datasets of one: no instance of a task is in two of them, whoever acted in it.")
    .argument("<dir>", "folder of the dataset")
    .option("--parts <name=share,...>", "names of the parts and their shares, which add up to 1 (required)", partsOf)
    .option("--out <dir>", "folder of the parts: DIR/NAME each (required)")
    .addOption(new Option("--seed <n>", "of the draw").argParser(uint64).default(0n, "0"))
    .option("--overwrite", "replace datasets that are there")
    .option("--json", "print JSON: {parts: {NAME: manifest}}");
  return command.action(async (dir: string, flags: SplitFlags) => {
    const parts = required(flags.parts, "--parts <name=share,...>", command);
    const out = required(flags.out, "--out <dir>", command);
    const { seed, overwrite } = flags;
    requireTruth(dir, readDatasetManifest(dir), SPLITS_BY_INSTANCE); // this fails before anything is said
    const named = { first: `reading ${dir}`, name: "splitting", units: "episodes" };
    const made = await workProgress(named, async ({ update }) => {
      const { splitDataset } = await import("../../../datasets/rewrite/split-dataset.js");
      const nodeVersion = process.versions.node;
      return splitDataset(dir, out, { nodeVersion, parts, seed, overwrite, onProgress: update });
    });
    const lineOf = ([name, { episodes, trials }]: (typeof list)[number]) =>
      `${join(out, name)}: ${episodes} episodes of ${trials} trials\n`;
    const list = [...made];
    printerFor(flags).print(
      list,
      () => list.map(lineOf).join(""),
      () => ({ parts: Object.fromEntries(list) }),
    );
  });
}

function partsOf(text: string): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [, name, text = ""] = /^([A-Za-z0-9][\w.-]*)=(.*)$/.exec(part.trim()) ?? [];
    const share = realNumberOf(text);
    if (name === undefined || share === undefined || Object.hasOwn(parts, name)) {
      throw new InvalidArgumentError("Give names, each once, with their shares: train=0.9,val=0.1.");
    }
    parts[name] = share;
  }
  return parts;
}
