/**
 * The main of an agent's process, for agents of your own. This at the end of a file makes it a program:
 *
 *   process.exitCode = await runAgent(myAgent, process.argv.slice(2));
 */
import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commonDigits } from "../../common/digits.js";
import { IcrlError } from "../../common/errors.js";
import type { MeanAndStandardError } from "../../common/mean-and-standard-error.js";
import { visibleLines } from "../../common/visible-text.js";
import {
  type AgentCommand,
  type FreeWork,
  type LabelWork,
  type MatchWork,
  parseAgentCommand,
  USAGE,
} from "./agent-command.js";
import { agentText } from "./agent-text.js";
import { type Connection, connect } from "./connect.js";
import type { Agent } from "./define-agent.js";
import { ConnectionError } from "./errors.js";
import { labelDataset } from "./label-dataset.js";
import { playAgent } from "./play-agent.js";
import { createProgressLine, type ProgressLine } from "./progress-line.js";
import { reconnectionText } from "./reconnect-notice.js";
import { serveMatches } from "./serve-matches.js";
import { taskOptionsFromTexts } from "./task-options.js";

/**
 * Runs an agent by the command line of its process: as an entrant of tournaments, as a behaviour of a collection, in free play, or
 * as an expert that labels the server's dataset.
 *
 * @param args the command line's words after the program's name
 * @returns the exit code: 0 when all was played, 1 when not, 2 for a command line that it does not understand, 3 where no server answers or it
 *   went away, or the tournament did not come in time
 */
export async function runAgent(agent: Agent, args: readonly string[]): Promise<number> {
  let command: AgentCommand | undefined;
  try {
    command = parseAgentCommand(agent, args, process.env);
  } catch (error) {
    say(`${error instanceof IcrlError ? textOf(error) : (error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (command === undefined) {
    print(`${USAGE}\n\n${agentText(agent).trimEnd()}`);
    return 0;
  }
  const { address, credentials, agentOptions, work } = command;
  try {
    const connection = await connect(address, undefined, say, credentials, {
      onReconnect: (reconnection) => say(reconnectionText(reconnection)),
    });
    const progress = createProgressLine(process.stderr, () => performance.now());
    try {
      if (work.kind === "play") return await playFreely(connection, agent, work, agentOptions, progress);
      if (work.kind === "label") return await label(connection, agent, work, agentOptions, progress);
      return await serve(connection, agent, work, agentOptions);
    } finally {
      progress.finish();
      connection.close();
    }
  } catch (error) {
    say(textOf(error));
    const isThere = !(
      error instanceof ConnectionError ||
      (error instanceof IcrlError && error.reason === "ENTRANT_EARLY")
    );
    return isThere ? 1 : 3;
  }
}

/**
 * Whether a module is the program that was started, and not one that others import: `isMain(import.meta.url)`. An agent's file that ends with
 *
 *   export default myAgent;
 *   if (isMain(import.meta.url)) process.exitCode = await runAgent(myAgent, process.argv.slice(2));
 *
 * can be run by itself, and named as `module` in the file of a tournament or a dataset.
 */
export function isMain(moduleUrl: string): boolean {
  const program = process.argv[1];
  if (program === undefined || !existsSync(program)) return false;
  return realpathSync(program) === realpathSync(fileURLToPath(moduleUrl)); // a link to it is it
}

/** Words for people; those of a server are others' words. */
const say = (text: string): void => console.error(visibleLines(text));
const print = (text: string): void => console.log(visibleLines(text));

type Options = Readonly<Record<string, unknown>>;

async function serve(connection: Connection, agent: Agent, work: MatchWork, agentOptions: Options): Promise<number> {
  let failed = 0;
  await serveMatches(connection, agent, {
    entrant: work.entrant,
    tournamentId: work.tournamentId,
    collectionId: work.collectionId,
    entrantKey: work.entrantKey,
    agentOptions,
    onWaiting: say,
    onMatch: (opened) => say(`playing ${opened.matchId}`),
    onMatchFailed: (matchId, error) => {
      failed += 1;
      say(`${matchId}: ${error instanceof IcrlError ? error.message : textOf(error)}`);
    },
  });
  return failed === 0 ? 0 : 1;
}

async function playFreely(
  connection: Connection,
  agent: Agent,
  { task, set, trials, numEnvs, seed }: FreeWork,
  agentOptions: Options,
  progress: ProgressLine,
): Promise<number> {
  const taskOptions = await taskOptionsFromTexts(connection, task, set);
  const totals = await playAgent(connection, agent, {
    task,
    taskOptions,
    trials,
    numEnvs,
    seed,
    agentOptions,
    onProgress: (done) => progress.update({ ...done, total: trials }),
  });
  progress.finish();
  const played = Number(totals.completeTrials);
  print(`${played} of ${trials} trials, ${totals.steps} steps`);
  print(
    `regret ${meanText(totals.regret)}, return ${meanText(totals.trialReturn)} (mean of a trial ± its standard error)`,
  );
  return played === trials ? 0 : 1;
}

/** `12.3 ± 1.4`, with the digits that the standard error warrants; an en dash for what there is none of. */
function meanText({ mean, se }: MeanAndStandardError): string {
  const digits = commonDigits([se]);
  if (mean === null) return "–";
  return `${mean.toFixed(digits).replace("-", "−")} ± ${se === null ? "–" : se.toFixed(digits)}`;
}

async function label(
  connection: Connection,
  agent: Agent,
  work: LabelWork,
  agentOptions: Options,
  progress: ProgressLine,
): Promise<number> {
  const { trials, steps } = await labelDataset(connection, agent, {
    label: work.label,
    agentOptions,
    onProgress: progress.update,
  });
  progress.finish();
  print(trials === 0 ? `labels "${work.label}" were there already` : `${trials} trials labelled, ${steps} steps`);
  return 0;
}

/** An error for people. What nobody foresaw, as an error in a policy, also tells how to see where it comes from. */
function textOf(error: unknown): string {
  if (error instanceof IcrlError) return `${error.reason}: ${error.message}`;
  if (error instanceof ConnectionError) return error.message;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return process.env.ICRL_DEBUG ? String(stack) : `${message} (unexpected: ICRL_DEBUG=1 shows where)`;
}
