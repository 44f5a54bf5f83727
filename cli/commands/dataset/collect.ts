/** `icrl dataset collect SPEC.yaml`: plays a mixture of behaviours into an offline dataset. */
import { join } from "node:path";
import { Command } from "commander";
import { type DatasetManifest, datasetPath } from "../../../datasets/folder/dataset-manifest.js";
import { collectDataset } from "../../../jobs/collect/collect-dataset.js";
import { readDatasetFile } from "../../../jobs/collect/dataset-file.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { collect as collectTexts, hostAndPort, required, uint64, wholeNumber } from "../arguments.js";
import { checkListen, type DoorFlags, doorArguments, withDoorFlags } from "../doors.js";
import { withTaskFlags } from "../own-tasks.js";

interface CollectFlags extends DoorFlags {
  out?: string;
  name?: string;
  trials?: number;
  seed?: bigint;
  await?: string[];
  listen?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** The command. */
export function collectCommand(): Command {
  const command = new Command("collect")
    .description(
      "Collect a dataset: a private server, one process for each behaviour that is built in or has a command or a module, then labels, dataset.json and README.md. " +
        "Broken off at any moment, the same command goes on where it was.",
    )
    .argument(
      "<file>",
      "YAML or JSON: {name, seed, trials, tasks, behaviours, labels, subsample}; see docs/datasets.md. Commands run as they stand: play no file that you would not run",
    )
    .option("--out <dir>", "folder of the dataset (required)")
    .option("--name <name>", "name of the dataset, instead of the file's")
    .option("--trials <n>", "trials of each task, instead of the file's", wholeNumber(1))
    .option("--seed <n>", "seed, instead of the file's", uint64)
    .option(
      "--await <name>",
      "do not start this behaviour: agent processes join under its name, as many as there are, and share its trials; may be repeated",
      collectTexts,
    )
    .option(
      "--listen <host:port>",
      "where the private server listens; port 0 takes a free one (default: 127.0.0.1:0, which agents on this machine alone can join)",
      hostAndPort,
    );
  return withDoorFlags(withTaskFlags(command))
    .option("--overwrite", "begin anew: remove what an earlier run left in the folder, and nothing else")
    .option("--json", "print the manifest, as dataset.json holds it")
    .action(collect);
}

async function collect(file: string, flags: CollectFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const { await: awaited, listen, overwrite } = flags;
  checkListen(flags, command);
  const doors = doorArguments(flags);
  const asked = readDatasetFile(file, flags.trials);
  const spec = {
    ...asked,
    seed: flags.seed ?? asked.seed,
    collection: { ...asked.collection, name: flags.name ?? asked.collection.name },
  };
  const plan = { spec, source: file, out, overwrite, awaited, listen, doors };
  const progress = commandProgress();
  let manifest: DatasetManifest;
  try {
    manifest = await stoppable((signal) => collectDataset(plan, progress, signal));
  } finally {
    progress.finish();
  }
  printerFor(flags).print(manifest, () => summary(out, manifest));
}

function summary(out: string, { name, trials, episodes, steps, behaviours, labels, shards }: DatasetManifest): string {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const parts = behaviours.map((behaviour) => `${behaviour.name} ${behaviour.trials}`).join(", ");
  return [
    `${name}: ${trials} trials, ${episodes} episodes, ${steps} steps`,
    `by         ${parts}`,
    `labels     ${Object.keys(labels).join(", ")}`,
    `data       ${join(out, "data")}/*.parquet, ${(bytes / steps).toFixed(2)} bytes a step`,
    `manifest   ${datasetPath(out)}`,
    `card       ${join(out, "README.md")}`,
    "",
  ].join("\n");
}
