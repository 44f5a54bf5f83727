/** The program `icrl` as a function of its arguments: one file in commands/ for each noun or verb. */
import { Command, CommanderError } from "commander";
import { VERSION } from "../common/version.js";
import { EXIT } from "../jobs/processes/exit-codes.js";
import type { ToldError } from "../jobs/processes/told-error.js";
import { agentCommand } from "./commands/agent.js";
import { agentsCommand } from "./commands/agents.js";
import { conformanceCommand } from "./commands/conformance.js";
import { datasetCommand } from "./commands/dataset.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { logCommand } from "./commands/log.js";
import { playCommand } from "./commands/play.js";
import { serveCommand } from "./commands/serve.js";
import { studyCommand } from "./commands/study.js";
import { tasksCommand } from "./commands/tasks.js";
import { tokenCommand } from "./commands/token.js";
import { tournamentCommand } from "./commands/tournament.js";
import { trainCommand } from "./commands/train.js";
import { errorLine, toldError, usageErrorLine } from "./error-line.js";
import { exitCodeOf } from "./exit-code-of.js";
import { Interrupted } from "./interruptible.js";
import { printText } from "./print/terminal.js";

/** All commands, made anew: a command keeps what it parsed. */
export function createProgram(): Command {
  const program = new Command("icrl")
    .description("Environment server for in-context reinforcement learning.")
    .version(VERSION)
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `
Exit codes: 0 done, 1 failed, 2 wrong command line, name or file, 3 no server, 4 finished with forfeits, 130 Ctrl-C.
icrl COMMAND --help tells more; docs/cli.md describes every --json document.`,
    );
  for (const command of [
    serveCommand(),
    tasksCommand(),
    agentsCommand(),
    agentCommand(),
    playCommand(),
    tournamentCommand(),
    datasetCommand(),
    trainCommand(),
    studyCommand(),
    evaluateCommand(),
    logCommand(),
    tokenCommand(),
    conformanceCommand(),
  ]) {
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((child) => child.commands)]) {
    command.exitOverride().configureOutput({
      writeErr: (text) => printText(process.stderr, text),
      outputError: (text, write) => write(usageErrorLine(text, fullName(command))),
    });
  }
  return program;
}

/**
 * Runs it: what it has to say goes to the process's streams, how it ended into its exit code.
 *
 * @param tell told the error that it fails with, if it does
 */
export async function runProgram(args: readonly string[], tell: (error: ToldError) => void = () => {}): Promise<void> {
  try {
    const program = createProgram();
    // Commander shows the help of a group for what is asked of its commands: `help log verify`.
    const asked = args[0] === "help" && args.length > 1 ? [...args.slice(1), "--help"] : args;
    await program.parseAsync(isUnknown(program, asked) ? asked.filter((word) => !HELP.includes(word)) : asked, {
      from: "user",
    });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else {
      printText(process.stderr, errorLine(error, process.env));
      tell(toldError(error));
      process.exitCode = exitCodeOf(error);
      if (error instanceof Interrupted) process.exit(); // what cannot be told to stop would go on
    }
  }
}

/** Words that ask for help. */
const HELP = ["help", "--help", "-h"];

/**
 * Whether a command line names a command that there is not. Commander would look at what asks for help first, and show the help of the
 * commands that there are.
 */
function isUnknown(program: Command, args: readonly string[]): boolean {
  let group = program;
  for (const word of args) {
    if (group.commands.length === 0) return false;
    if (word.startsWith("-") || word === "help") continue;
    const next = group.commands.find((command) => command.name() === word);
    if (next === undefined) return true;
    group = next;
  }
  return false;
}

/** What calls a command: `icrl log list`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
