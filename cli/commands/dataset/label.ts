/** `icrl dataset label DIR --expert AGENT`, `--module FILE` or `--command COMMAND`: what an expert would have done at every step of a dataset. */
import { join } from "node:path";
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import type { LabelTotals } from "../../../clients/typescript/label-dataset.js";
import { optionsFromTexts, resolveOptions } from "../../../common/options.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { LABELS_TAKE_TASKS, requireTruth } from "../../../datasets/folder/truth-known.js";
import { labelByCommand } from "../../../jobs/label/label-by-command.js";
import { labelByExpert } from "../../../jobs/label/label-by-expert.js";
import { labelByTask, labelNameOf } from "../../../jobs/label/label-by-task.js";
import { loadAgentModule } from "../../../jobs/launch/module-agent.js";
import type { JobListener } from "../../../jobs/listener.js";
import { launchOfText } from "../../../jobs/specs/agent-launch.js";
import { type ComputedExpert, computedExpert } from "../../../server/labels/computed-experts.js";
import { stoppable } from "../../interruptible.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { collect, required, wholeNumber } from "../arguments.js";
import { withTaskFlags } from "../own-tasks.js";

interface LabelFlags {
  expert?: string;
  module?: string;
  command?: string;
  name?: string;
  option?: string[];
  envs: number;
  streams: number;
  json?: boolean;
}

/** The command. */
export function labelCommand(): Command {
  const command = new Command("label")
    .description(
      "Label a dataset: at every step what an agent would have done, and how probably. " +
        "Broken off at any moment, the same command goes on where it was.",
    )
    .argument("<dir>", "folder of a finished dataset")
    .option(
      "--expert <agent>",
      "who labels; `icrl agents` lists them; optimal is the truth: the best actions, evenly where several are; oracle-noise the law of the behaviour; posterior the law of the best action given what was seen, where it is known (this, --module or --command is required)",
    )
    .option("--module <file>", "who labels: the agent that is the default export of a JavaScript module")
    .option(
      "--command <command>",
      "who labels: a program in any language, run without a shell, with --connect, --label and the options added; --name is required",
    )
    .option("--name <name>", "name of the labels (default: the expert's; best of optimal)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option("--envs <n>", "trials side by side in each session, at most", wholeNumber(1), 1024)
    .option("--streams <n>", "sessions side by side", wholeNumber(1, 64), 2)
    .option(
      "--json",
      "print JSON: {name, folder, agent, agent_version, agent_options, probabilities, trials, episodes, steps, seconds}; trials, episodes and steps are those that were labelled now, with --command those of the dataset",
    )
    .action(label);
  return withTaskFlags(command);
}

async function label(dir: string, flags: LabelFlags, command: Command): Promise<void> {
  if ([flags.expert, flags.module, flags.command].filter((who) => who !== undefined).length !== 1) {
    command.error("error: give --expert, --module or --command, one of them");
  }
  const manifest = readDatasetManifest(dir); // all of this fails before a server is started for it
  requireTruth(dir, manifest, LABELS_TAKE_TASKS);
  const before = manifest.labels;
  const work = await workOf(dir, flags, command);
  const progress = commandProgress();
  progress.doing(
    `${computedExpert(flags.expert) !== undefined ? "" : "starting a server, and "}reading what is to be labelled`,
  );
  const startedAt = performance.now();
  let totals: LabelTotals;
  try {
    totals = await stoppable((signal) => work.run(progress, signal, Object.hasOwn(before, work.name)));
  } finally {
    progress.finish();
  }
  const { name } = work;
  const seconds = (performance.now() - startedAt) / 1000;
  const entry = readDatasetManifest(dir).labels[name];
  if (!("folder" in entry)) throw new Error(`labels "${name}" are a column`); // the server refuses their names
  const { folder, agent, agent_version, agent_options, probabilities } = entry;
  printerFor(flags).print(
    { name, folder, agent, agent_version, agent_options, probabilities, ...totals, seconds },
    ({ trials, steps }) => {
      const labels = join(dir, folder);
      if (trials === 0) return `already labelled: ${labels}\n`;
      const rate = Math.round(steps / seconds);
      const known = probabilities ? "with probabilities" : "actions alone: the expert does not tell probabilities";
      return `${labels}: ${trials} trials, ${steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s), ${known}\n`;
    },
  );
}

/** Who labels: under which name, and how. */
interface LabelWork {
  readonly name: string;
  run(listener: JobListener, signal: AbortSignal, wasLabelled: boolean): Promise<LabelTotals>;
}

async function workOf(dir: string, flags: LabelFlags, command: Command): Promise<LabelWork> {
  if (flags.command !== undefined) return byCommand(dir, flags.command, flags, command);
  const computed = computedExpert(flags.expert);
  return computed === undefined ? byAgent(dir, flags) : byTask(dir, computed, flags, command);
}

/** Nobody: what the tasks say. */
function byTask(dir: string, expert: ComputedExpert, flags: LabelFlags, command: Command): LabelWork {
  const none = Object.keys(expert.options).length === 0 ? ["option"] : [];
  const sized = [...none, "envs", "streams"].find((flag) => command.getOptionValueSource(flag) === "cli");
  if (sized !== undefined) command.error(`error: --${sized} is not for --expert ${expert.name}, which is no agent`);
  const name = flags.name ?? labelNameOf(expert.name);
  const options = optionsFromTexts(expert.options, flags.option ?? []);
  return { name, run: (listener, signal) => labelByTask(dir, name, { expert, options }, listener, signal) };
}

/** An agent in this process. */
async function byAgent(
  dir: string,
  { expert: builtIn, module, option, envs, streams, ...flags }: LabelFlags,
): Promise<LabelWork> {
  const expert = module === undefined ? findAgent(builtIn as string) : await loadAgentModule(module);
  const name = flags.name ?? expert.name;
  const options = optionsFromTexts(expert.options, option ?? []);
  resolveOptions(expert.options, options, `agent "${expert.name}"`);
  const plan = { dir, expert, name, options, envs, streams };
  return { name, run: (listener, signal) => labelByExpert(plan, listener, signal) };
}

/** A program of somebody's own. */
function byCommand(dir: string, text: string, flags: LabelFlags, command: Command): LabelWork {
  const sized = ["envs", "streams"].find((flag) => command.getOptionValueSource(flag) === "cli");
  if (sized !== undefined) command.error(`error: --${sized} is not for --command, whose program says what it takes`);
  const name = required(flags.name, "--name <name>", command);
  const launch = launchOfText(text, process.cwd());
  const options = flags.option ?? [];
  optionsFromTexts({}, options); // each has its "="
  return {
    name,
    async run(listener, signal, wasLabelled) {
      await labelByCommand({ dir, launch, name, options }, listener, signal);
      const { trials, episodes, steps } = readDatasetManifest(dir);
      return wasLabelled ? { trials: 0, episodes: 0, steps: 0 } : { trials, episodes, steps };
    },
  };
}
