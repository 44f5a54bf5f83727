/** `icrl conformance`: whether a server, or an agent, keeps the protocol, and whether a task is one. */
import { type Command as Cli, Command } from "commander";
import { type GivenCredentials, readCredentials } from "../../clients/typescript/credentials.js";
import { IcrlError } from "../../common/errors.js";
import { checkAgent, scenarioNames } from "../../jobs/conformance/check-agent.js";
import { checkServer, serverRuleNames } from "../../jobs/conformance/check-server.js";
import { checkTask, taskCheckNames } from "../../jobs/conformance/check-task.js";
import { allHold, isAsked, type Outcome } from "../../jobs/conformance/outcome.js";
import { CommandProblem, commandWords } from "../../jobs/launch/command-words.js";
import { type CommandLaunch, requireProgram } from "../../jobs/launch/launch.js";
import { programPath } from "../../jobs/processes/environment-path.js";
import { EXIT } from "../../jobs/processes/exit-codes.js";
import { taskFamily } from "../../server/tasks/registry.js";
import type { TaskFamily } from "../../server/tasks/task.js";
import { stoppable } from "../interruptible.js";
import { outcomesText } from "../print/outcomes.js";
import { printerFor } from "../print/printer.js";
import { commandProgress, type Progress } from "../print/progress.js";
import { collect, hostAndPort, wholeNumber } from "./arguments.js";
import { credentialFlags, withCredentialFlags } from "./credentials.js";
import { taskNamed, withTaskFlags } from "./own-tasks.js";

interface ConformanceFlags extends GivenCredentials {
  server?: string;
  command?: string;
  task?: string;
  random: number;
  label?: boolean;
  only?: string[];
  list?: boolean;
  timeout: number;
  patience: number;
  json?: boolean;
}

/** The command. */
export function conformanceCommand(): Command {
  const command = new Command("conformance")
    .description(
      "Check whether a server, or an agent in any language, keeps the protocol, or whether a task is as tasks have to be, and say in words what is wrong. Exit code 1 when something is.",
    )
    .option("--server <host:port>", "the server to check; some trials of it are logged there", hostAndPort)
    .option(
      "--command <text>",
      "the agent to check: what starts it, without a shell; --connect ADDRESS and --entrant NAME are added",
    )
    .option(
      "--task <task>",
      "the task to check: the path of a JavaScript module whose default export is one, or a name that `icrl tasks` lists",
    )
    .option("--random <n>", "settings of a task's options that are drawn at random", wholeNumber(0, 10_000), 30)
    .option("--label", "the agent's command takes --label NAME, too: check how it labels")
    .option("--only <text>", "only what has this text in its name; may be repeated", collect)
    .option("--list", "print the names of what is checked, and check nothing")
    .option("--timeout <seconds>", "the longest that one of them may take", wholeNumber(1, 86_400), 60)
    .option("--patience <seconds>", "how long an agent may take for each answer", wholeNumber(1, 3600), 10);
  return withCredentialFlags(withTaskFlags(command))
    .option(
      "--json",
      "print JSON: {server, server_version | command, agent, agent_version, language, capabilities | task, version, ok, checks: [{name, result, faults, notes}]}",
    )
    .action(conformance);
}

/** What was checked, in both ways of being told. */
interface Checked {
  readonly title: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly outcomes: readonly Outcome[];
}

async function conformance(flags: ConformanceFlags, command: Cli): Promise<void> {
  const { server, command: text, only = [], random } = flags;
  if ([server, text, flags.task].filter((given) => given !== undefined).length > 1)
    command.error("error: --server, --command and --task are each a thing to check: give one");
  const given = credentialFlags(flags, command, server);
  const family = flags.task === undefined ? undefined : taskFamily(await taskNamed(flags.task));
  const all =
    family === undefined
      ? [...(text === undefined ? serverRuleNames() : []), ...(server === undefined ? scenarioNames() : [])]
      : taskCheckNames(family, random);
  const names = all.filter((name) => isAsked(name, only));
  if (names.length === 0)
    throw new IcrlError(
      "OPTION_INVALID",
      `--only ${only.join(", ")}: nothing has that in its name (--list shows all)`,
      {
        option: "only",
      },
    );
  if (flags.list === true) {
    printerFor(flags).print(names, () => `${names.join("\n")}\n`);
    return;
  }
  if (server === undefined && text === undefined && family === undefined)
    command.error("error: give --server <host:port>, --command <text> or --task <task>, which is to be checked");
  const launch = text === undefined ? undefined : launchOf(text);
  const progress = commandProgress({ units: "checks" });
  let checked: Checked;
  try {
    checked = await stoppable((signal) =>
      family !== undefined
        ? taskChecked(family, flags, progress, signal)
        : launch === undefined
          ? serverChecked(server as string, given, flags, progress, signal)
          : agentChecked(text as string, launch, flags, progress, signal),
    );
  } finally {
    progress.finish();
  }
  const { title, document, outcomes } = checked;
  const ok = allHold(outcomes);
  printerFor(flags).print(
    outcomes,
    (found, paint) => `${title}\n${outcomesText(found, paint)}`,
    () => ({ ...document, ok, checks: outcomes }),
  );
  if (!ok) process.exitCode = EXIT.failed;
}

async function taskChecked(
  family: TaskFamily,
  { only = [], random }: ConformanceFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<Checked> {
  const outcomes = await checkTask(family, { only, random }, progress, signal);
  const { name, version } = family;
  return { title: `${name}, version ${version}`, document: { task: name, version }, outcomes };
}

async function serverChecked(
  server: string,
  given: GivenCredentials,
  { only = [], timeout }: ConformanceFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<Checked> {
  const plan = { server, credentials: readCredentials(given), only, timeoutMs: timeout * 1000 };
  const { serverVersion, capabilities, outcomes } = await checkServer(plan, progress, signal);
  const document = { server, server_version: serverVersion, capabilities };
  return { title: `${server}, version ${serverVersion}`, document, outcomes };
}

async function agentChecked(
  text: string,
  command: CommandLaunch,
  { only = [], timeout, patience, label: labels = false }: ConformanceFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<Checked> {
  const plan = { command, only, labels, timeoutMs: timeout * 1000, patienceMs: patience * 1000 };
  const { hello, outcomes } = await checkAgent(plan, progress, signal);
  const document = {
    command: text,
    agent: hello?.agent ?? null,
    agent_version: hello?.agentVersion ?? null,
    language: hello?.language ?? null,
    capabilities: hello?.capabilities ?? [],
  };
  const who = hello === undefined ? "an agent that said no hello" : `${hello.agent}, version ${hello.agentVersion}`;
  return { title: `${who}: ${text}`, document, outcomes };
}

/**
 * How the agent is started.
 *
 * @throws OPTION_INVALID, or SPEC_INVALID where its program is not there
 */
function launchOf(text: string): CommandLaunch {
  let words: string[];
  try {
    words = commandWords(text);
  } catch (error) {
    if (error instanceof CommandProblem)
      throw new IcrlError("OPTION_INVALID", `--command ${text}: it ${error.message}`);
    throw error;
  }
  const launch: CommandLaunch = { kind: "command", words, folder: process.cwd() };
  requireProgram(launch, "--command", programPath());
  return launch;
}
