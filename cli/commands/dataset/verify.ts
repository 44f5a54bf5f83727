import { Command, Option } from "commander";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { requireTruth, truthKnown } from "../../../datasets/folder/truth-known.js";
import { EXIT } from "../../../jobs/processes/exit-codes.js";
import { printerFor } from "../../print/printer.js";
import { problemJson, problemText } from "../../print/problem.js";
import { workProgress } from "../../print/work-progress.js";
import { uint64, wholeNumber } from "../arguments.js";
import { withTaskFlags } from "../own-tasks.js";

interface VerifyFlags {
  sample: number;
  all?: boolean;
  seed: bigint;
  json?: boolean;
}

/** What playing again takes of the truth. */
const PLAYED_AGAIN =
  "episodes are played again from their seeds, and there are none; without --all and --sample everything else is checked";

/** `icrl dataset verify DIR`. */
export function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "Check hashes, schema, lengths, bounds, labels and counts, and play a sample of the episodes again, bit for bit. Exit code 1 when something is wrong.",
    )
    .argument("<dir>", "folder of the dataset")
    .option("--sample <n>", "episodes that are played again", wholeNumber(0), 1000)
    .option("--all", "play all episodes again")
    .addOption(new Option("--seed <n>", "seed of the sample").argParser(uint64).default(0n, "0"))
    .option(
      "--json",
      "print JSON: {ok, shards, labels, episodes, steps, replayed, bytes, problems: [{file, episode_id, problem}]}",
    )
    .action(async (dir: string, { sample, all, seed, json }: VerifyFlags, command: Command) => {
      const manifest = readDatasetManifest(dir); // this fails before anything is said
      if (all || command.getOptionValueSource("sample") === "cli") requireTruth(dir, manifest, PLAYED_AGAIN);
      const named = { first: `hashing the files of ${dir}`, name: "verifying", units: "episodes" };
      const report = await workProgress(named, async ({ update }) => {
        const [{ verifyDataset }, { createReplay }] = await Promise.all([
          import("../../../datasets/verify/verify-dataset.js"),
          import("../../../server/trajectories/replay.js"),
        ]);
        return verifyDataset(dir, {
          sample: all ? Number.POSITIVE_INFINITY : sample,
          seed,
          replay: createReplay(),
          onProgress: update,
        });
      });
      const { problems, ...counts } = report;
      const ok = problems.length === 0;
      printerFor({ json }).print(
        report,
        () =>
          `${problems.map(problemText).join("")}${ok ? "ok" : "NOT ok"}: ${counts.episodes} episodes, ${counts.steps} steps, ${counts.labels} labels beside them, ${counts.bytes} bytes; ${counts.replayed} episodes played again${truthKnown(manifest) ? "" : " (they were imported)"}; problems: ${problems.length}\n`,
        () => ({ ok, ...counts, problems: problems.map(problemJson) }),
      );
      if (!ok) process.exitCode = EXIT.failed;
    });
  return withTaskFlags(command);
}
