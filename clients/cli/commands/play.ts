/** `icrl play AGENT`: an agent plays a task, here and now. */
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { optionsFromTexts, resolveOptions } from "../../../common/options.js";
import { buildTask, taskFamily } from "../../../server/tasks/registry.js";
import { meanAndStandardError } from "../../../server/tournaments/statistics.js";
import { connect } from "../../typescript/connect.js";
import { playAgent } from "../../typescript/play-agent.js";
import { startPrivateServer } from "../private-server.js";
import { printJson } from "../print/json.js";
import { createProgress } from "../print/progress.js";
import { collect, hostAndPort, uint64, wholeNumber } from "./arguments.js";

interface PlayFlags {
  task: string;
  set: string[];
  option: string[];
  envs: number;
  trials: number;
  seed: bigint;
  streams: number;
  purpose: string;
  record: boolean;
  server?: string;
  data: string;
  json: boolean;
}

/** The command. */
export function playCommand(): Command {
  return new Command("play")
    .description("Let a built-in agent play a task: on a private server with its own log, or on a running one.")
    .argument("<agent>", "a built-in agent; `icrl agents` lists them")
    .requiredOption("--task <task>", "what it plays; `icrl tasks` lists them")
    .option("--set <name=value>", "an option of the task; may be repeated", collect, [])
    .option("--option <name=value>", "an option of the agent; may be repeated", collect, [])
    .option("--envs <n>", "envs side by side", wholeNumber(1), 64)
    .option("--trials <n>", "trials in all", wholeNumber(1), 100)
    .option("--seed <n>", "seed of the trials", uint64, 0n)
    .option("--streams <n>", "sessions side by side, among which envs and trials are shared out", wholeNumber(1, 64), 2)
    .option("--purpose <word>", "play, collect or validate: seeds of different purposes never meet", "play")
    .option("--no-record", "leave no trajectories in the log")
    .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
    .option("--data <dir>", "folder of the private server's log", "icrl-data")
    .option(
      "--json",
      "print JSON: {agent, options, task, task_options, seed, trials, steps, regret: {mean, se}, return: {mean, se}, seconds, log}",
      false,
    )
    .action(async (name: string, flags: PlayFlags) => {
      const agent = findAgent(name);
      const agentOptions = resolveOptions(agent.options, optionsFromTexts(agent.options, flags.option), `agent "${name}"`);
      const taskOptions = optionsFromTexts(taskFamily(flags.task).options, flags.set);
      if (flags.server === undefined) buildTask(flags.task, taskOptions); // fails before a server is started for it
      const server = flags.server === undefined ? await startPrivateServer(flags.data) : undefined;
      const address = flags.server ?? (server?.address as string);
      const connection = await connect(address);
      const progress = createProgress(process.stderr);
      const regrets = new Float64Array(flags.trials);
      const returns = new Float64Array(flags.trials);
      const startedAt = performance.now();
      try {
        const closed = await playAgent(connection, agent, {
          task: flags.task,
          taskOptions,
          agentOptions,
          numEnvs: flags.envs,
          trials: flags.trials,
          seed: flags.seed,
          purpose: flags.purpose,
          record: flags.record,
          streams: flags.streams,
          onTrialEnd: (end) => {
            regrets[Number(end.trialIndex)] = end.regret ?? Number.NaN;
            returns[Number(end.trialIndex)] = end.trialReturn;
          },
          onProgress: ({ trials, steps }) => progress.update([{ name: `${name} on ${flags.task}`, done: trials, total: flags.trials, steps }]),
        });
        progress.finish();
        const seconds = (performance.now() - startedAt) / 1000;
        const regret = meanAndStandardError(regrets);
        const trialReturn = meanAndStandardError(returns);
        const log = flags.record ? (flags.server === undefined ? flags.data : `the server at ${address}`) : undefined;
        if (flags.json) {
          printJson(process.stdout, {
            agent: name,
            options: agentOptions,
            task: flags.task,
            task_options: buildTask(flags.task, taskOptions).options,
            seed: String(flags.seed),
            trials: Number(closed.completeTrials),
            steps: Number(closed.steps),
            regret,
            return: trialReturn,
            seconds,
            log: flags.record ? (flags.data ?? null) : null,
          });
        } else {
          const rate = Math.round(Number(closed.steps) / seconds);
          process.stdout.write(
            [
              `${name} on ${flags.task}: ${closed.completeTrials} trials, ${closed.steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s)`,
              `regret ${regret.mean.toFixed(3)} +- ${regret.se.toFixed(3)}, return ${trialReturn.mean.toFixed(3)} +- ${trialReturn.se.toFixed(3)} (mean +- standard error of a trial)`,
              log === undefined ? "not recorded" : `recorded in ${log}`,
              "",
            ].join("\n"),
          );
        }
      } finally {
        progress.finish();
        connection.close();
        await server?.close();
      }
    });
}
