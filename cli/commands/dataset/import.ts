/** `icrl dataset import FILE... --format NAME --out DIR`: others' data as a dataset. */
import { basename } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { IcrlError } from "../../../common/errors.js";
import { FILE_NAME_RULE, isFileName, isName, NAME_RULE } from "../../../common/names.js";
import { IMPORT_FORMATS, type ImportFormat } from "../../../jobs/import/import-formats.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { required, wholeNumber } from "../arguments.js";

interface ImportFlags {
  readonly format?: ImportFormat;
  readonly out?: string;
  readonly name?: string;
  readonly task: string;
  readonly label: string;
  readonly actions?: number;
  readonly states?: readonly number[];
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** The command. */
export function importCommand(): Command {
  const formats = Object.entries(IMPORT_FORMATS).map(([name, { summary }]) => `${name}: ${summary}`);
  return new Command("import")
    .description(
      "Others' data as a dataset, without the truth of its instances: docs/import.md has what becomes of what. " +
        "Files are read by Python with the package icrl[import]; nothing in them is executed.",
    )
    .argument("<files...>", "files, or a Minari dataset's folder; several are one dataset, one after the other")
    .addOption(new Option("--format <name>", `${formats.join("; ")} (required)`).choices(Object.keys(IMPORT_FORMATS)))
    .option("--out <dir>", "folder of the new dataset (required)")
    .option("--name <name>", "name of the dataset (default: the first file's)")
    .option("--task <id>", "id of its task: what is to be merged later has the same", named, "imported")
    .option("--label <name>", "name of the label that comes with the data", fileNamed, "expert")
    .option("--actions <n>", "how many actions there are (default: what the files tell)", wholeNumber(1, 10_000))
    .option(
      "--states <n,...>",
      "sizes of a state's parts, whose number is then the state (default: what the states say)",
      sizes,
    )
    .option("--overwrite", "replace a dataset that is there")
    .option("--json", "print JSON: the new dataset's manifest")
    .action(run);
}

const named = (text: string): string => {
  if (!isName(text)) throw new InvalidArgumentError(`Give ${NAME_RULE}.`);
  return text;
};

const fileNamed = (text: string): string => {
  if (!isFileName(text)) throw new InvalidArgumentError(`Give ${FILE_NAME_RULE}.`);
  return text;
};

const sizes = (text: string): number[] => text.split(",").map((part) => wholeNumber(1, 10_000)(part.trim()));

async function run(files: string[], { json, ...flags }: ImportFlags, command: Command): Promise<void> {
  const format = required(flags.format, "--format <name>", command);
  const out = required(flags.out, "--out <dir>", command);
  const { task: taskId, label, actions, states, overwrite = false } = flags;
  if (label === "self" || label === "optimal") {
    throw new IcrlError("OPTION_INVALID", `label "${label}" is a column of the data: give the label another name`);
  }
  if (states !== undefined && states.reduce((product, size) => product * size, 1) > MOST_STATES) {
    throw new IcrlError("OPTION_INVALID", `--states ${states} are more than ${MOST_STATES} states`);
  }
  const name = flags.name ?? basename(files[0]);
  const { importDataset } = await import("../../../jobs/import/import-dataset.js");
  const nodeVersion = process.versions.node;
  const plan = { files, format, out, name, taskId, label, actions, states, overwrite, nodeVersion };
  const progress = commandProgress({ units: IMPORT_FORMATS[format].counted });
  try {
    const manifest = await stoppable((signal) => importDataset(plan, progress, signal));
    progress.finish();
    printerFor({ json }).print(
      manifest,
      ({ trials, episodes, steps, labels }) =>
        `${out}: ${episodes} episodes of ${trials} trials, ${steps} steps, labels ${Object.keys(labels).join(", ")}; without the truth\n`,
    );
  } finally {
    progress.finish();
  }
}

/** As many as the Python package takes. */
const MOST_STATES = 10_000;
