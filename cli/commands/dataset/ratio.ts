/** `icrl dataset ratio DIR --expert AGENT`: how far an expert's trials are from a dataset's behaviours. */
import { Command, InvalidArgumentError, Option } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { optionsFromTexts } from "../../../common/options.js";
import { POPULATIONS, type RatioReport, runRatio } from "../../../jobs/ratio/run-ratio.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { ratioJson, ratioTables } from "../../print/ratio-tables.js";
import { collect, required, uint64, wholeNumber } from "../arguments.js";
import { withTaskFlags } from "../own-tasks.js";

interface RatioFlags {
  expert?: string;
  option?: string[];
  horizons?: number[];
  particles: number;
  seed: bigint;
  json?: boolean;
}

/** The command. */
export function ratioCommand(): Command {
  const command = new Command("ratio")
    .description(
      "The distribution ratio R of Lin, Bai & Mei (2023) of an expert to the dataset's behaviours: the mean, over the expert's own trials, of how much " +
        "likelier they are by the expert than by the behaviours' mixture. What learns from the data to do as the expert needs more of it in proportion.",
    )
    .argument("<dir>", "folder of a finished dataset")
    .option("--expert <agent>", "whose ratio; `icrl agents` lists them (required)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option(
      "--horizons <n,...>",
      "after how many steps of a trial (default: 1, 2, 5, 10, 20, 50, ... and all)",
      ascending,
    )
    .option("--particles <n>", `particles of each of the ${POPULATIONS} populations`, wholeNumber(2), 5000)
    .addOption(new Option("--seed <n>", "seed of the estimate").argParser(uint64).default(0n, "0"))
    .option("--json", "print JSON; docs/datasets.md describes it")
    .action(ratio);
  return withTaskFlags(command);
}

/** Whole numbers of at least 1, each once, sorted. */
function ascending(text: string): number[] {
  const numbers = text.split(",").map((part) => wholeNumber(1)(part.trim()));
  if (new Set(numbers).size !== numbers.length) throw new InvalidArgumentError("Give each number once.");
  return numbers.sort((a, b) => a - b);
}

async function ratio(dir: string, flags: RatioFlags, command: Command): Promise<void> {
  const expert = findAgent(required(flags.expert, "--expert <agent>", command));
  const { option = [], horizons, particles, seed } = flags;
  const spec = { dir, expert, options: optionsFromTexts(expert.options, option), horizons, particles, seed };
  const progress = commandProgress({ units: "steps" });
  let report: RatioReport;
  try {
    report = await stoppable((signal) => runRatio(spec, progress, signal));
  } finally {
    progress.finish();
  }
  printerFor(flags).print(report, ratioTables, ratioJson);
}
