/** `icrl study run FILE`: every combination of the values that a training's file lists, each a training. */
import { Command } from "commander";
import { EXIT } from "../../../jobs/processes/exit-codes.js";
import type { StudyListener } from "../../../jobs/study/run-study.js";
import type { StudyJson } from "../../../jobs/study/study-results.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress, type Progress } from "../../print/progress.js";
import { studyText } from "../../print/study-tables.js";
import { required, wholeNumber } from "../arguments.js";
import { backendOption, type LearnerFlags, threadsFlag } from "../learner-flags.js";
import { withTaskFlags } from "../own-tasks.js";

interface StudyFlags extends LearnerFlags {
  out?: string;
  parallel: number;
  steps?: number;
  overwrite?: boolean;
  json?: boolean;
}

/** The command. */
export function runStudyCommand(): Command {
  const command = new Command("run")
    .description(
      "Train every combination of the values in a file: a training's, in which a list may stand where it has a value, `seed: [1, 2, 3]`. " +
        "Datasets that it names are collected once. Broken off at any moment, the same command goes on where it was.",
    )
    .argument("<file>", "YAML or JSON: a training's file with lists of values; see docs/studies.md")
    .option("--out <dir>", "folder of the study: runs/, datasets/, results.json, curves.csv, a picture (required)")
    .option("--parallel <n>", "trainings side by side", wholeNumber(1, 256), 1)
    .addOption(backendOption())
    .option(
      ...threadsFlag(
        "threads of the engine in each training (default: the processors, shared out among those side by side)",
      ),
    )
    .option("--steps <n>", "updates of each training, instead of the file's", wholeNumber(1))
    .option("--overwrite", "begin anew: remove what an earlier run left in the folder, and nothing else")
    .option("--json", "print what results.json holds")
    .action(run);
  return withTaskFlags(command);
}

async function run(file: string, flags: StudyFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const { readStudyFile } = await import("../../../jobs/study/study-file.js"); // every agent
  const study = readStudyFile(file, flags.steps);
  const { overwrite = false, parallel, backend, threads } = flags;
  const progress = studyProgress();
  progress.data.doing("loading what computes");
  let result: StudyJson;
  try {
    result = await stoppable(async (signal) => {
      signal.addEventListener("abort", () =>
        progress.trainings.say("stopping after the updates under way; a second Ctrl-C stops at once"),
      );
      const { runStudy } = await import("../../../jobs/study/run-study.js"); // every agent, and a back end
      return runStudy({ study, out, overwrite, parallel, backend, threads }, progress, signal);
    });
  } finally {
    progress.finish();
  }
  printerFor(flags).print(result, () => studyText(result, out));
  if (result.runs.some(({ error }) => error !== null)) process.exitCode = EXIT.failed;
}

/** Datasets first, by their trials; then trainings, by their updates. */
function studyProgress(): StudyListener & Pick<Progress, "finish"> {
  const data = commandProgress();
  let trainings: Progress | undefined;
  const learning = (): Progress => {
    data.finish();
    trainings ??= commandProgress({ units: "updates", stepUnits: "tokens" });
    return trainings;
  };
  return {
    data,
    trainings: {
      say: (line) => learning().say(line),
      doing: (text) => learning().doing(text),
      update: (items, wait) => learning().update(items, wait),
    },
    finish() {
      data.finish();
      trainings?.finish();
    },
  };
}
