/** `icrl play AGENT`: an agent plays a task, here and now. */
import { Command, Option } from "commander";
import { type GivenCredentials, readCredentials } from "../../clients/typescript/credentials.js";
import { optionsFromTexts } from "../../common/options.js";
import { agentNamed } from "../../jobs/launch/agent-named.js";
import { PLAY_SIZES, type PlayedTrials, type PlayPlan, playTrials } from "../../jobs/play/play-trials.js";
import { meanText } from "../../jobs/report/estimates.js";
import { addTasks, FILE_FAMILIES, hasTaskFile } from "../../server/own-tasks/own-tasks.js";
import { taskFamily } from "../../server/tasks/registry.js";
import { stoppable } from "../interruptible.js";
import { printerFor } from "../print/printer.js";
import { commandProgress } from "../print/progress.js";
import { collect, hostAndPort, required, uint64, wholeNumber } from "./arguments.js";
import { credentialFlags, withCredentialFlags } from "./credentials.js";
import { taskNamed, withTaskFlags } from "./own-tasks.js";

interface PlayFlags extends GivenCredentials {
  task?: string;
  set?: string[];
  option?: string[];
  envs: number;
  trials: number;
  instances?: number;
  seed: bigint;
  streams: number;
  purpose: string;
  record: boolean;
  again?: boolean;
  server?: string;
  data: string;
  json?: boolean;
}

/** The command. */
export function playCommand(): Command {
  const command = new Command("play")
    .description("Let a built-in agent play a task: on a private server with its own log, or on a running one.")
    .argument(
      "<agent>",
      "a built-in agent, as `icrl agents` lists them; or the path of a JavaScript module whose default export is an agent",
    )
    .option(
      "--task <task>",
      "what it plays; `icrl tasks` lists them; or the path of a JavaScript module whose default export is a task (required)",
    )
    .option("--set <name=value>", "an option of the task; may be repeated", collect)
    .option("--option <name=value>", "an option of the agent; may be repeated", collect)
    .option("--envs <n>", "envs side by side", wholeNumber(1), PLAY_SIZES.envs)
    .option("--trials <n>", "trials in all", wholeNumber(1), 100)
    .option(
      "--instances <n>",
      "instances that the trials take in turn, each time with fresh luck; standard errors are over instances then (default: each trial has its own)",
      wholeNumber(1),
    )
    .addOption(new Option("--seed <n>", "seed of the trials").argParser(uint64).default(0n, "0"))
    .option(
      "--streams <n>",
      "sessions side by side, among which envs and trials are shared out",
      wholeNumber(1, 64),
      PLAY_SIZES.streams,
    )
    .addOption(
      new Option("--purpose <word>", "what the trials are for: seeds of different purposes never meet")
        .choices(["play", "collect", "validate"])
        .default("play"),
    )
    .option("--no-record", "leave no trajectories in the log")
    .option("--again", "play trials that the log holds already: averages over the log count them once more")
    .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
    .option("--data <dir>", "folder of the private server's log", "icrl-data");
  return withCredentialFlags(withTaskFlags(command))
    .option(
      "--json",
      "print JSON: {agent, options, task, task_options, seed, trials, instances, steps, regret: {mean, se}, return: {mean, se}, seconds, log, recorded_before}",
    )
    .action(play);
}

async function play(name: string, flags: PlayFlags, command: Command): Promise<void> {
  const agent = await agentNamed(name);
  const task = await taskNamed(required(flags.task, "--task <task>", command));
  if (FILE_FAMILIES.includes(task)) await addFile(flags.set ?? []);
  const family = taskFamily(task);
  const { set = [], option = [], again = false, ...rest } = flags;
  const plan: PlayPlan = {
    ...rest,
    agent,
    agentOptions: optionsFromTexts(agent.options, option),
    task: family.name,
    taskOptions: optionsFromTexts(family.options, set),
    again,
    credentials: readCredentials(credentialFlags(flags, command, flags.server)),
  };
  const progress = commandProgress();
  let played: PlayedTrials;
  try {
    played = await stoppable((signal) => playTrials(plan, progress, signal));
  } finally {
    progress.finish();
  }
  printerFor(flags).print(
    played,
    () => playedText(plan, played),
    () => playedJson(plan, played),
  );
}

/** A file that no flag has named is one by its path: `--set file=./mdps.json`. */
async function addFile(set: readonly string[]): Promise<void> {
  const file = set.findLast((text) => text.startsWith("file="))?.slice("file=".length);
  if (file === undefined || hasTaskFile(file)) return;
  await addTasks({ files: [{ name: file, path: file }], modules: [] });
}

function playedJson({ agent, record, server, data, seed, instances }: PlayPlan, played: PlayedTrials): unknown {
  const { agentOptions: options, task, trials, steps, regret, seconds, recordedBefore } = played;
  return {
    ...{ agent: agent.name, options, task: task.name, task_options: task.options, seed: String(seed) },
    ...{ trials, ...(instances === undefined ? {} : { instances }), steps, regret, return: played.return, seconds },
    log: record && server === undefined ? data : null,
    recorded_before: record ? recordedBefore : null,
  };
}

function playedText({ agent, record, instances }: PlayPlan, played: PlayedTrials): string {
  const { task, trials, steps, seconds, log, recordedBefore } = played;
  const repeated = recordedBefore > 0 ? `, which held ${recordedBefore} of these trials already` : "";
  return [
    `${agent.name} on ${task.name}: ${trials} trials${instances === undefined ? "" : ` of ${instances} ${instances === 1 ? "instance" : "instances"}`}, ${steps} steps in ${seconds.toFixed(1)} s (${Math.round(steps / seconds)} steps/s)`,
    `regret ${meanText(played.regret, 3)}, return ${meanText(played.return, 3)} (mean of a trial ± its standard error${instances === undefined ? "" : ", over instances"})`,
    record ? `recorded in ${log}${repeated}` : "not recorded",
    "",
  ].join("\n");
}
