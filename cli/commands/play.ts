/** `icrl play AGENT`: an agent plays a task, here and now. */
import { Command, Option } from "commander";
import { findAgent } from "../../agents/registry.js";
import { type Connection, connect } from "../../clients/typescript/connect.js";
import { ConnectionError } from "../../clients/typescript/errors.js";
import { playAgent } from "../../clients/typescript/play-agent.js";
import { IcrlError, REASONS } from "../../common/errors.js";
import { meanAndStandardError } from "../../common/mean-and-standard-error.js";
import { optionsFromTexts, resolveOptions } from "../../common/options.js";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { LOG } from "../../datasets/output/output-kinds.js";
import { startPrivateServer } from "../../jobs/processes/private-server.js";
import { meanText } from "../../jobs/report/estimates.js";
import { requirePlays } from "../../jobs/require-plays.js";
import { buildTask, taskFamily } from "../../server/tasks/registry.js";
import { interruptible } from "../interruptible.js";
import { printJson } from "../print/json.js";
import { commandProgress } from "../print/progress.js";
import { printText } from "../print/terminal.js";
import { collect, hostAndPort, required, uint64, wholeNumber } from "./arguments.js";

interface PlayFlags {
  task?: string;
  set?: string[];
  option?: string[];
  envs: number;
  trials: number;
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
  return new Command("play")
    .description("Let a built-in agent play a task: on a private server with its own log, or on a running one.")
    .argument("<agent>", "a built-in agent; `icrl agents` lists them")
    .option("--task <task>", "what it plays; `icrl tasks` lists them (required)")
    .option("--set <name=value>", "an option of the task; may be repeated", collect)
    .option("--option <name=value>", "an option of the agent; may be repeated", collect)
    .option("--envs <n>", "envs side by side", wholeNumber(1), 64)
    .option("--trials <n>", "trials in all", wholeNumber(1), 100)
    .addOption(new Option("--seed <n>", "seed of the trials").argParser(uint64).default(0n, "0"))
    .option("--streams <n>", "sessions side by side, among which envs and trials are shared out", wholeNumber(1, 64), 2)
    .addOption(
      new Option("--purpose <word>", "what the trials are for: seeds of different purposes never meet")
        .choices(["play", "collect", "validate"])
        .default("play"),
    )
    .option("--no-record", "leave no trajectories in the log")
    .option("--again", "play trials that the log holds already: averages over the log count them once more")
    .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
    .option("--data <dir>", "folder of the private server's log", "icrl-data")
    .option(
      "--json",
      "print JSON: {agent, options, task, task_options, seed, trials, steps, regret: {mean, se}, return: {mean, se}, seconds, log, recorded_before}",
    )
    .action(play);
}

async function play(name: string, flags: PlayFlags, command: Command): Promise<void> {
  const agent = findAgent(name);
  const family = taskFamily(required(flags.task, "--task <task>", command));
  const agentOptions = resolveOptions(
    agent.options,
    optionsFromTexts(agent.options, flags.option ?? []),
    `agent "${name}"`,
  );
  const taskOptions = optionsFromTexts(family.options, flags.set ?? []);
  const task = buildTask(family.name, taskOptions);
  requirePlays(agent, task); // all of this fails before a server is started for it
  if (flags.server === undefined) claimOutput(flags.data, { own: [LOG] });

  const what = `${name} on ${task.name}`;
  const regrets: number[] = [];
  const returns: number[] = [];
  const maxSteps = flags.trials * task.horizon * task.episodes;
  const progress = commandProgress();
  progress.doing(flags.server === undefined ? "starting a server" : `connecting to ${flags.server}`);
  const server = flags.server === undefined ? await startPrivateServer(flags.data) : undefined;
  const address = flags.server ?? (server?.address as string);
  let connection: Connection | undefined;
  const startedAt = performance.now();
  try {
    connection = await connect(address, undefined, progress.say);
    const log = flags.server === undefined ? flags.data : `the log of the server at ${address}`;
    const recordedBefore = flags.record
      ? await recordedTrials(connection, { task: task.name, taskOptions, agent: name, agentOptions, ...flags })
      : 0;
    if (recordedBefore > 0 && !flags.again) {
      throw new IcrlError(
        "TRIALS_RECORDED",
        `${recordedBefore} of the ${flags.trials} trials are in ${log} already (${what}, --seed ${flags.seed}${flags.purpose === "play" ? "" : ` --purpose ${flags.purpose}`}): give another --seed for others, --again to play them once more, or --no-record`,
      );
    }
    const closed = await interruptible(
      playAgent(connection, agent, {
        task: task.name,
        taskOptions,
        agentOptions,
        numEnvs: flags.envs,
        trials: flags.trials,
        seed: flags.seed,
        purpose: flags.purpose,
        record: flags.record,
        streams: flags.streams,
        onTrialEnd: (end) => {
          if (end.regret === undefined) return; // cut short
          regrets[Number(end.trialIndex)] = end.regret;
          returns[Number(end.trialIndex)] = end.trialReturn;
        },
        onProgress: ({ trials, steps }) => {
          progress.update([{ name: what, done: trials, total: flags.trials, steps, maxSteps }]);
          if (trials === flags.trials && flags.record) progress.doing("waiting for the log");
        },
      }),
    );
    connection.close();
    if (server !== undefined) progress.doing("closing the log");
    await server?.close(); // rolls the log into shards before its path is shown
    progress.finish();
    const trials = Number(closed.completeTrials);
    if (trials < flags.trials) {
      throw new IcrlError(
        "SERVER_DRAINING",
        `the server at ${address} stopped after ${trials} of ${flags.trials} trials`,
      );
    }
    const steps = Number(closed.steps);
    const seconds = (performance.now() - startedAt) / 1000;
    const regret = meanAndStandardError(regrets);
    const trialReturn = meanAndStandardError(returns);
    if (flags.json) {
      printJson(process.stdout, {
        agent: name,
        options: agentOptions,
        task: task.name,
        task_options: task.options,
        seed: String(flags.seed),
        trials,
        steps,
        regret,
        return: trialReturn,
        seconds,
        log: flags.record && flags.server === undefined ? flags.data : null,
        recorded_before: flags.record ? recordedBefore : null,
      });
    } else {
      const rate = Math.round(steps / seconds);
      const repeated = recordedBefore > 0 ? `, which held ${recordedBefore} of these trials already` : "";
      printText(
        process.stdout,
        [
          `${what}: ${trials} trials, ${steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s)`,
          `regret ${meanText(regret, 3)}, return ${meanText(trialReturn, 3)} (mean of a trial ± its standard error)`,
          flags.record ? `recorded in ${log}${repeated}` : "not recorded",
          "",
        ].join("\n"),
      );
    }
  } finally {
    progress.finish();
    connection?.close();
    await server?.close();
  }
}

/** How many of the trials that are to be played the server's log holds already. A server that cannot tell is taken to hold none. */
async function recordedTrials(
  connection: Connection,
  trials: {
    readonly task: string;
    readonly taskOptions: Readonly<Record<string, unknown>>;
    readonly agent: string;
    readonly agentOptions: Readonly<Record<string, unknown>>;
    readonly purpose: string;
    readonly seed: bigint;
    readonly trials: number;
  },
): Promise<number> {
  const { task, agent, purpose, seed } = trials;
  try {
    const { recorded } = await connection.countTrials({
      task,
      taskOptions: { ...trials.taskOptions },
      agent,
      agentOptions: { ...trials.agentOptions },
      purpose,
      seed,
      firstTrial: 0n,
      trials: BigInt(trials.trials),
    });
    return Number(recorded);
  } catch (error) {
    if (error instanceof ConnectionError && error.code === REASONS.NOT_IMPLEMENTED.code) return 0;
    throw error;
  }
}
