/** `icrl evaluate CHECKPOINT --expert AGENT`: how well a trained model plays, and how near it is to an expert. */
import { Command, Option } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { optionsFromTexts } from "../../../common/options.js";
import { taskFamily } from "../../../server/tasks/registry.js";
import type { EvaluationJson } from "../evaluation/run-evaluation.js";
import { interruptible } from "../interruptible.js";
import { printJson } from "../print/json.js";
import { textTable } from "../print/table.js";
import { collect, required, uint64, wholeNumber } from "./arguments.js";

interface EvaluateFlags {
  expert?: string;
  option?: string[];
  task?: string;
  set?: string[];
  shift?: string[];
  context?: string[];
  choose: string;
  temperature: string;
  trials: number;
  seed: bigint;
  out?: string;
  json?: boolean;
}

/** The command. */
export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description(
      "Evaluate a trained transformer on fresh instances: its regret beside an expert's and uniform play's, by step; its distance " +
        "from the expert on the expert's own trajectories; the same with less context, and on shifted tasks.",
    )
    .argument("<checkpoint>", "a checkpoint's folder, or that of a training")
    .option("--expert <agent>", "the agent to compare with (required)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option("--task <task>", "a task instead of those it was trained on")
    .option("--set <name=value>", "an option of that task; may be repeated", collect)
    .option("--shift <name=value>", "play each task with this option changed, too; may be repeated", collect)
    .option("--context <tokens>", "play with only that many latest tokens, too; may be repeated", collect)
    .addOption(new Option("--choose <how>", "how it chooses").choices(["sample", "argmax"]).default("sample"))
    .option("--temperature <x>", "of its choices", "1")
    .option("--trials <n>", "trials of each task", wholeNumber(2), 200)
    .addOption(new Option("--seed <n>", "seed of the trials").argParser(uint64).default(0n, "0"))
    .option("--out <dir>", "folder for evaluation.json, the tournament and the labelled dataset (required)")
    .option("--json", "print evaluation.json")
    .action(evaluate);
}

async function evaluate(checkpoint: string, flags: EvaluateFlags, command: Command): Promise<void> {
  const expert = required(flags.expert, "--expert <agent>", command);
  const out = required(flags.out, "--out <dir>", command);
  const contexts = (flags.context ?? []).map(wholeNumber(1));
  const family = flags.task === undefined ? undefined : taskFamily(flags.task);
  const task = family && {
    id: family.name,
    task: family.name,
    options: optionsFromTexts(family.options, flags.set ?? []),
  };
  const { runEvaluation } = await import("../evaluation/run-evaluation.js");
  const result = await interruptible(
    runEvaluation(
      {
        checkpoint,
        expert,
        expertOptions: optionsFromTexts(findAgent(expert).options, flags.option ?? []),
        tasks: task === undefined ? [] : [task],
        shifts: flags.shift ?? [],
        contexts,
        choose: flags.choose,
        temperature: Number(flags.temperature),
        trials: flags.trials,
        seed: flags.seed,
        out,
      },
      (line) => process.stderr.write(`${line}\n`),
    ),
  );
  if (flags.json) printJson(process.stdout, result);
  else process.stdout.write(report(result, out));
}

function report(result: EvaluationJson, out: string): string {
  const regrets = result.tasks.flatMap(({ id, players, refused }) =>
    refused !== undefined
      ? [[id, "not played", "", refused]]
      : players.map(({ name, regret }) => [id, name, `${regret.mean.toFixed(2)} ± ${regret.se.toFixed(2)}`, ""]),
  );
  const gaps = result.tasks.flatMap(({ id, imitation }) => {
    if (imitation === null) return [];
    const at = logSpaced(imitation.steps.length).map((step) => imitation.steps[step - 1]);
    return [...at.map((gap) => ({ label: String(gap.step), ...gap })), { label: "mean", ...imitation.mean }].map(
      (gap) => [
        id,
        gap.label,
        gap.total_variation.toFixed(4),
        gap.hellinger.toFixed(4),
        gap.excess_cross_entropy.toFixed(4),
      ],
    );
  });
  const right = { align: "right" } as const;
  return [
    `Regret of a trial, mean ± standard error of ${result.trials}; the expert is ${result.expert.agent}.`,
    textTable([{ title: "task" }, { title: "player" }, { title: "regret", ...right }, { title: "" }], regrets),
    "Distance from the expert on the expert's own trajectories, by step of the trial (cross-entropy in nats above the expert's entropy).",
    textTable(
      [
        { title: "task" },
        { title: "step", ...right },
        { title: "total variation", ...right },
        { title: "Hellinger", ...right },
        { title: "cross-entropy", ...right },
      ],
      gaps,
    ),
    `written      ${out}/evaluation.json (curves by step and episode), ${out}/tournament, ${out}/imitation\n`,
  ].join("\n");
}

/** 1, 2, 5, 10, 20, 50, ... and the last. */
function logSpaced(last: number): number[] {
  const steps: number[] = [];
  for (let decade = 1; decade <= last; decade *= 10) steps.push(...[1, 2, 5].map((n) => n * decade));
  return [...steps.filter((step) => step < last), last];
}
