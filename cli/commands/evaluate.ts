/** `icrl evaluate CHECKPOINT --expert AGENT`: how well a trained model plays, and how near it is to an expert. */
import { Command, Option } from "commander";
import { findAgent } from "../../agents/registry.js";
import { optionsFromTexts, resolveOptions } from "../../common/options.js";
import type { Choice, EvaluationJson } from "../../jobs/evaluate/evaluation-json.js";
import type { Comparable } from "../../jobs/evaluate/expert.js";
import { taskFamily } from "../../server/tasks/registry.js";
import { stoppable } from "../interruptible.js";
import { printerFor } from "../print/printer.js";
import { commandProgress } from "../print/progress.js";
import { ownCommandLine } from "../typed-command.js";
import { collect, required, uint64, wholeNumber } from "./arguments.js";
import { taskNamed, withTaskFlags } from "./own-tasks.js";

interface EvaluateFlags {
  expert?: string;
  option?: string[];
  behaviour?: string;
  behaviourOption?: string[];
  particles: number;
  task?: string;
  set?: string[];
  shift?: string[];
  context?: number[];
  choose: Choice["choose"];
  temperature?: string[];
  trials: number;
  seed: bigint;
  out?: string;
  json?: boolean;
}

/** The command. */
export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description(
      "Evaluate a trained transformer on fresh instances: its regret beside an expert's and uniform play's, by step; its distance " +
        "from the expert on the expert's own trajectories, and on a behaviour's, with what theory says that this costs; the same with less context, and on shifted tasks.",
    )
    .argument("<checkpoint>", "a checkpoint's folder, or that of a training")
    .option(
      "--expert <agent>",
      "the agent to compare with, or who needs the truth: optimal, the best actions, and oracle-noise (required)",
    )
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option(
      "--behaviour <agent>",
      "compare the two on the trajectories of this agent, or of oracle-noise, too: say, on those it learned from",
    )
    .option("--behaviour-option <name=value>", "an option of the behaviour; may be repeated", collect)
    .option(
      "--particles <n>",
      "with --behaviour, particles of each population that estimates the distribution ratio",
      wholeNumber(2),
      1000,
    )
    .option("--task <task>", "a task instead of those it was trained on")
    .option("--set <name=value>", "an option of that task; may be repeated", collect)
    .option("--shift <name=value>", "play each task with this option changed, too; may be repeated", collect)
    .option("--context <tokens>", "play with only that many latest tokens, too; may be repeated", tokens)
    .addOption(new Option("--choose <how>", "how it chooses").choices(["sample", "argmax"]).default("sample"))
    .option(
      "--temperature <x>",
      "of its choices (default: 1); of several, by repeating it, the first is the one that is compared, and it plays with the others, too",
      collect,
    )
    .option("--trials <n>", "trials of each task", wholeNumber(2), 200)
    .addOption(new Option("--seed <n>", "seed of the trials").argParser(uint64).default(0n, "0"))
    .option("--out <dir>", "folder for evaluation.json, the tournament and the labelled dataset (required)")
    .option("--json", "print evaluation.json")
    .action(evaluate);
  return withTaskFlags(command);
}

const tokens = (text: string, before: readonly number[] = []) => [...before, wholeNumber(1)(text)];

const entryOf = ({ name, options }: Comparable, texts: readonly string[]) => ({
  agent: name,
  options: optionsFromTexts(options, texts),
});

/** @throws OPTION_INVALID if it is no temperature */
function choiceOf(choose: Choice["choose"], text: string): Choice {
  const { temperature } = findAgent("transformer").options;
  const table = { temperature };
  const given = resolveOptions(table, optionsFromTexts(table, [`temperature=${text}`]), "the model");
  return { choose, temperature: Number(given.temperature) };
}

async function evaluate(checkpoint: string, flags: EvaluateFlags, command: Command): Promise<void> {
  const expert = required(flags.expert, "--expert <agent>", command);
  const out = required(flags.out, "--out <dir>", command);
  const { set = [], shift = [], context = [], choose, trials, seed } = flags;
  const [temperature = "1", ...others] = flags.temperature ?? [];
  if (choose === "argmax" && others.length > 0) command.error("error: temperatures are for --choose sample");
  if (set.length > 0) required(flags.task, "--task <task>", command);
  const { behaviour, behaviourOption = [], particles } = flags;
  if (behaviourOption.length > 0) required(behaviour, "--behaviour <agent>", command);
  const { behaviourNamed, expertNamed } = await import("../../jobs/evaluate/expert.js"); // every agent
  const family = flags.task === undefined ? undefined : taskFamily(await taskNamed(flags.task));
  const options = family === undefined ? {} : optionsFromTexts(family.options, set);
  const plan = {
    checkpoint,
    expert,
    expertOptions: entryOf(expertNamed(expert), flags.option ?? []).options,
    behaviour: behaviour === undefined ? undefined : entryOf(behaviourNamed(behaviour), behaviourOption),
    particles,
    tasks: family && [{ id: family.name, task: family.name, options }],
    shifts: [...new Set(shift)],
    contexts: [...new Set(context)],
    choice: choiceOf(choose, temperature),
    temperatures: [...new Set(others.map((other) => choiceOf(choose, other).temperature))],
    trials,
    seed,
    out,
    command: ownCommandLine(),
  };
  const progress = commandProgress();
  progress.doing(`reading ${checkpoint}`);
  let result: EvaluationJson;
  try {
    const { runEvaluation } = await import("../../jobs/evaluate/run-evaluation.js"); // Arrow and DuckDB
    result = await stoppable((signal) => runEvaluation(plan, progress, signal));
  } finally {
    progress.finish();
  }
  const { evaluationReport } = await import("../print/evaluation-tables.js");
  printerFor(flags).print(result, () => evaluationReport(result, out));
}
