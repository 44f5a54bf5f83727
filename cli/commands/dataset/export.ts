/** `icrl dataset export DIR --format NAME --out PATH`: a dataset in a form that other programs read. */
import { Command, Option } from "commander";
import type { ExportFormat, FormatOption } from "../../../datasets/export/export-format.js";
import { FORMATS } from "../../../datasets/export/formats.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { printerFor } from "../../print/printer.js";
import { workProgress } from "../../print/work-progress.js";
import { collect, required, uint64, wholeNumber } from "../arguments.js";

/** Flags of every format, and under their own names those of one. */
interface ExportFlags extends Readonly<Record<string, unknown>> {
  readonly format?: string;
  readonly out?: string;
  readonly labels?: string;
  readonly task?: string;
  readonly every?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** The command. */
export function exportCommand(): Command {
  const named = (form: "file" | "folder") =>
    FORMATS.filter(({ output }) => output.form === form).map(({ name }) => name);
  const labels = FORMATS.flatMap(({ name, defaultLabel }) =>
    defaultLabel === undefined ? [] : [`${name} ${defaultLabel}`],
  );
  const command = new Command("export")
    .description(
      "Write a dataset in a form that other programs read: docs/export.md has what each format holds and loses. " +
        "Plain shards need no export: DuckDB, pandas, Polars, pyarrow and Hugging Face datasets read DIR as it is.",
    )
    .argument("<dir>", "a finished dataset")
    .addOption(
      new Option(
        "--format <name>",
        `${FORMATS.map(({ name, summary }) => `${name}: ${summary}`).join("; ")} (required)`,
      ).choices(FORMATS.map(({ name }) => name)),
    )
    .option(
      "--out <path>",
      `file (${named("file").join(", ")}) or folder (${named("folder").join(", ")}) to make (required)`,
    )
    .option(
      "--labels <name>",
      `whose actions are the label: self, optimal or an expert's (default: ${labels.sort().join(", ")})`,
    )
    .option("--task <id>", "only this task")
    .option("--every <k>", "only every k-th episode of each trial, beginning with the first", wholeNumber(1));
  for (const [name, option] of optionsOfFormats()) command.addOption(flagOf(name, option));
  return command
    .option("--overwrite", "replace what an earlier export of this format left there")
    .option(
      "--json",
      "print JSON: {format, out, label, trials, episodes, steps, rows, files, bytes, load}; load is a line of Python",
    )
    .action(run);
}

/** `--two-words` of `twoWords`. */
const flagName = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Options that some formats have, each once, in the order in which they come. */
const optionsOfFormats = (): Map<string, FormatOption> =>
  new Map(FORMATS.flatMap(({ options }) => Object.entries(options)));

/** Names of the formats that have an option. */
const formatsWith = (name: string, between = ", "): string =>
  FORMATS.filter(({ options }) => Object.hasOwn(options, name))
    .map((format) => format.name)
    .join(between);

function flagOf(name: string, option: FormatOption): Option {
  const value = "value" in option ? option.value : "n";
  const usual = "default" in option ? ` (default: ${option.default})` : "";
  const flag = new Option(`${flagName(name)} <${value}>`, `${formatsWith(name)}: ${option.help}${usual}`);
  switch (option.kind) {
    case "count":
    case "most":
      return flag.argParser(wholeNumber(1));
    case "seed":
      return flag.argParser(uint64);
    case "choice":
      return flag.choices(option.choices);
    case "texts":
      return flag.argParser(collect);
    case "text":
      return flag;
  }
}

async function run(dir: string, flags: ExportFlags, command: Command): Promise<void> {
  const name = required(flags.format, "--format <name>", command);
  const format = FORMATS.find((one) => one.name === name) as ExportFormat; // commander allows no other
  const out = required(flags.out, "--out <path>", command);
  const others = [...optionsOfFormats().keys()].filter((key) => !Object.hasOwn(format.options, key));
  const stray = others.find((key) => flags[key] !== undefined);
  if (stray !== undefined) {
    command.error(`error: option '${flagName(stray)}' is for --format ${formatsWith(stray, " or ")}, not ${name}`);
  }
  const { steps } = readDatasetManifest(dir);
  const whole = flags.task === undefined && flags.every === undefined ? steps : undefined;
  const named = { first: `reading ${dir}`, name: "exporting" };
  const { rowsAre, ...report } = await workProgress(named, async ({ update, doing }) => {
    const { exportDataset } = await import("../../../datasets/rewrite/export-dataset.js");
    return exportDataset(dir, {
      format,
      out,
      label: flags.labels,
      task: flags.task,
      every: flags.every,
      options: flags,
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
