/** `icrl train SPEC.yaml`: trains an in-context transformer on a dataset. */
import { Command } from "commander";
import type { EvaluationMetrics, ValidationMetrics } from "../../agents/transformer/metrics.js";
import type { TrainingOptions } from "../../agents/transformer/training-options.js";
import { digitsForIntervals } from "../../common/digits.js";
import { toSnakeCase } from "../../common/snake-case.js";
import { intervalText, meanText } from "../../jobs/report/estimates.js";
import { fixedNumber } from "../../jobs/report/numbers.js";
import type { TrainingListener, TrainingResult } from "../../jobs/train/run-training.js";
import { wilsonInterval } from "../../statistics/wilson.js";
import { stoppable } from "../interruptible.js";
import { printerFor } from "../print/printer.js";
import { commandProgress, type Progress } from "../print/progress.js";
import { typedCommand } from "../typed-command.js";
import { required, wholeNumber } from "./arguments.js";
import { backendOption, type LearnerFlags, threadsFlag } from "./learner-flags.js";
import { withTaskFlags } from "./own-tasks.js";

interface TrainFlags extends LearnerFlags {
  out?: string;
  steps?: number;
  overwrite?: boolean;
  json?: boolean;
}

/** Of the shown loss, how much each update changes it. */
const SMOOTHING = 0.05;

/** The command. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description(
      "Train an in-context transformer on a dataset; a dataset that is not there yet is collected first. " +
        "Broken off at any moment, the same command goes on from the last checkpoint.",
    )
    .argument(
      "<file>",
      "YAML or JSON: {name, seed, dataset, from, online, validation, objective, layout, context, model, training}; see docs/training.md",
    )
    .option("--out <dir>", "folder of the training: metrics.jsonl, checkpoints/ (required)")
    .addOption(backendOption())
    .option(...threadsFlag("threads of the engine (default: as many as processors); results do not depend on it"))
    .option("--steps <n>", "updates, instead of the file's", wholeNumber(1))
    .option("--overwrite", "begin anew: remove what an earlier training left in the folder, and nothing else")
    .option(
      "--json",
      "print JSON at the end: {checkpoint, step, tokens, parameters, flops_per_token, backend, continued: [{steps, after}], early, best: {step, loss, checkpoint}, validation, evaluation, seconds, tokens_per_second}",
    )
    .action(train);
  return withTaskFlags(command);
}

async function train(file: string, flags: TrainFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const { readTrainingFile } = await import("../../jobs/train/training-file.js"); // every agent
  const spec = readTrainingFile(file, flags.steps);
  const { backend, threads, overwrite = false } = flags;
  const progress = trainingProgress(spec.training);
  progress.doing("loading what computes");
  let result: TrainingResult;
  try {
    result = await stoppable(async (signal) => {
      signal.addEventListener("abort", () => progress.say("stopping after this update; a second Ctrl-C stops at once"));
      const { runTraining } = await import("../../jobs/train/run-training.js"); // every agent, and a back end
      return runTraining({ spec, out, overwrite, backend, threads }, progress, signal);
    });
  } finally {
    progress.finish();
  }
  printerFor(flags).print(result, () => summary(spec.name, result), resultJson);
}

/** Shows a training as it goes: trials that are played for it first, then its updates. */
function trainingProgress(options: TrainingOptions): TrainingListener & Pick<Progress, "finish"> {
  const { steps, evaluationTrials: trials } = options;
  let loss = 0;
  let known = 0; // how much of the mean is there
  let held = "";
  let progress = commandProgress();
  let learning = false;
  const learn = () => {
    if (learning) return;
    learning = true;
    progress.finish();
    progress = commandProgress({ units: "updates", stepUnits: "tokens" });
  };
  return {
    say: (line) => progress.say(line),
    doing: (text) => progress.doing(text),
    update: (items, wait) => progress.update(items, wait),
    finish: () => progress.finish(),
    interlude(what, step) {
      learn();
      if (what === "evaluating") {
        progress.expect(what, evaluationsAfter(step, options));
        progress.doing(`after update ${step}: playing ${trials} fresh trials of each task`, { kind: what });
      } else progress.doing(`after update ${step}: ${what}`, { brief: true });
    },
    metrics(metrics, tokens) {
      learn();
      if (metrics.type === "update") {
        loss += SMOOTHING * (metrics.loss - loss);
        known += SMOOTHING * (1 - known);
        const note = `loss ${(loss / known).toFixed(4)}${held}`;
        if (known === SMOOTHING && trials > 0)
          progress.expect("evaluating", evaluationsAfter(metrics.step - 1, options));
        progress.update([{ name: "", done: metrics.step, total: steps, steps: tokens, note }]);
      } else if (metrics.type === "validation") held = `, validation ${metrics.loss.toFixed(4)}`;
      else if (metrics.type === "evaluation") progress.say(`update ${metrics.step}: ${evaluationText(metrics)}`);
    },
  };
}

/** Evaluations that come after an update: at every so many-th, and after the last. */
function evaluationsAfter(step: number, { steps, evaluationEvery: every }: TrainingOptions): number {
  const last = steps % every !== 0 && step < steps ? 1 : 0;
  return Math.floor(steps / every) - Math.floor(step / every) + last;
}

function evaluationText({ tasks, trials }: EvaluationMetrics): string {
  const regrets = Object.entries(tasks).map(([id, { regret }]) => `regret on ${id} ${meanText(regret, 2)}`);
  return `${regrets.join(", ")} (mean ± standard error of ${fixedNumber(trials, 0)} ${trials === 1 ? "trial" : "trials"})`;
}

/** `83.2 % [82.9, 83.5] (95 %, Wilson) of 51,200 decisions`. */
function agreementText({ agreement, decisions }: ValidationMetrics): string {
  const interval = wilsonInterval(agreement, decisions);
  const ends = interval && ([100 * interval[0], 100 * interval[1]] as const);
  const digits = Math.max(1, digitsForIntervals([ends]));
  const shown = ends === null ? "" : ` ${intervalText(ends, digits)} (95 %, Wilson)`;
  return `${fixedNumber(100 * agreement, digits)} %${shown} of ${fixedNumber(decisions, 0)} decisions`;
}

/** What --json prints. */
export type TrainingJson = ReturnType<typeof resultJson>;

const resultJson = (result: TrainingResult) => ({
  ...toSnakeCase(result),
  validation: result.validation && toSnakeCase(result.validation),
  evaluation: result.evaluation && toSnakeCase(result.evaluation),
});

function summary(name: string, result: TrainingResult): string {
  const { validation, evaluation, checkpoint, best } = result;
  const rate = result.tokensPerSecond;
  return [
    `${name}: ${result.step} updates, ${result.tokens.toLocaleString("en")} tokens, ${result.parameters.toLocaleString("en")} parameters`,
    ...(rate === null
      ? ["trained already: nothing is left to do"]
      : [`speed        ${Math.round(rate).toLocaleString("en")} tokens/s on ${result.backend}`]),
    ...result.continued.map(
      ({ steps, after }) =>
        `continued    after update ${after}; until then the learning rate was that of ${steps} updates`,
    ),
    ...(result.early && best !== null
      ? [`ended early  validations were no better than that after update ${best.step}, as often as patience allows`]
      : []),
    ...(validation === null
      ? []
      : [
          `validation   loss ${validation.loss.toFixed(4)} (targets' entropy ${validation.targetEntropy.toFixed(4)}, their marginal's ${validation.marginalEntropy.toFixed(4)}), agreement ${agreementText(validation)}`,
        ]),
    ...(evaluation === null ? [] : [`evaluation   ${evaluationText(evaluation)}`]),
    ...(best === null || best.checkpoint === null
      ? []
      : [`best         ${best.checkpoint}, after update ${best.step}: validation loss ${best.loss.toFixed(4)}`]),
    `checkpoint   ${checkpoint}`,
    `play         ${typedCommand("play", "transformer", "--option", `checkpoint=${checkpoint}`, "--task", "TASK")}`,
    "",
  ].join("\n");
}
