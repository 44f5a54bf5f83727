/** `icrl dataset export DIR --format NAME --out PATH`: a dataset in a form that other programs read. */
import { Command, Option } from "commander";
import { CONTEXTS, FORMAT_NAMES, type FormatName } from "../../../datasets/export/export-format.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
import { collect, required, uint64, wholeNumber } from "../arguments.js";

interface ExportFlags {
  format?: FormatName;
  out?: string;
  labels?: string;
  task?: string;
  every?: number;
  queries?: number;
  context?: (typeof CONTEXTS)[number];
  seed?: bigint;
  author?: string[];
  codePermalink?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** Options that only one format has. */
const OPTIONS_OF: readonly (readonly [keyof ExportFlags, string, FormatName])[] = [
  ["queries", "--queries", "dpt"],
  ["context", "--context", "dpt"],
  ["seed", "--seed", "dpt"],
  ["author", "--author", "minari"],
  ["codePermalink", "--code-permalink", "minari"],
];

/** The command. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "Write a dataset in a form that other programs read: docs/export.md has what each format holds and loses. " +
        "Plain shards need no export: DuckDB, pandas, Polars, pyarrow and Hugging Face datasets read DIR as it is.",
    )
    .argument("<dir>", "a finished dataset")
    .addOption(
      new Option(
        "--format <name>",
        "minari: a Minari dataset; dpt: contexts, queries and best actions; ad: ordered learning histories; " +
          "jsonl: one episode a line; csv: one step a row (required)",
      ).choices(FORMAT_NAMES),
    )
    .option("--out <path>", "file (jsonl, csv) or folder (minari, dpt, ad) to make (required)")
    .option(
      "--labels <name>",
      "whose actions are the label: self, optimal or an expert's (default: ad self, dpt optimal)",
    )
    .option("--task <id>", "only this task")
    .option("--every <k>", "only every k-th episode of each trial, beginning with the first", wholeNumber(1))
    .option("--queries <n>", "dpt: queries drawn from each trial (default: 1)", wholeNumber(1))
    .addOption(
      new Option("--context <what>", "dpt: all steps of the trial, or those before the query (default: whole)").choices(
        CONTEXTS,
      ),
    )
    .option("--seed <n>", "dpt: seed of the draws (default: 0)", uint64)
    .option("--author <name>", "minari: an author to name; can be given several times", collect)
    .option("--code-permalink <url>", "minari: address of the code that made the data")
    .option("--overwrite", "replace what an earlier export of this format left there")
    .option(
      "--json",
      "print JSON: {format, out, label, trials, episodes, steps, rows, files, bytes, load}; load is a line of Python",
    )
    .action(run);
}

async function run(dir: string, flags: ExportFlags, command: Command): Promise<void> {
  const format = required(flags.format, "--format <name>", command);
  const out = required(flags.out, "--out <path>", command);
  for (const [key, option, of] of OPTIONS_OF) {
    if (flags[key] !== undefined && of !== format) {
      command.error(`error: option '${option}' is for --format ${of}, not ${format}`);
    }
  }
  const { steps } = readDatasetManifest(dir);
  const whole = flags.task === undefined && flags.every === undefined ? steps : undefined;
  const named = { first: `reading ${dir}`, name: "exporting" };
  const { rowsAre, ...report } = await workProgress(named, async ({ update, doing }) => {
    const { exportDataset } = await import("../../../datasets/export/export-dataset.js");
    return exportDataset(dir, {
      format,
      out,
      label: flags.labels,
      task: flags.task,
      every: flags.every,
      queries: flags.queries ?? 1,
      context: flags.context ?? "whole",
      seed: flags.seed ?? 0n,
      authors: flags.author ?? [],
      codePermalink: flags.codePermalink,
      overwrite: flags.overwrite === true,
      onProgress(done, total, steps) {
        update(done, total, steps, whole);
        if (done === total) doing("closing the files");
      },
    });
  });
  printerFor(flags).print(
    report,
    ({ rows, trials, steps, files, bytes, load }) =>
      `${rows} ${rowsAre} from ${trials} trials (${steps} steps) in ${files} ${files === 1 ? "file" : "files"}, ${bytes} bytes: ${out}\n${load}\n`,
    () => ({ ...report, label: report.label ?? null }),
  );
}
