/**
 * The main of an agent's process, for agents of your own. This at the end of a file makes it a program:
 *
 *   process.exitCode = await runAgent(myAgent, process.argv.slice(2));
 */
import { parseArgs } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { optionsFromTexts, resolveOptions } from "../../common/options.js";
import { visibleLines } from "../../common/visible-text.js";
import { uint64Of, wholeNumberOf } from "../../common/written-numbers.js";
import { type Connection, connect } from "./connect.js";
import type { Agent } from "./define-agent.js";
import { ConnectionError } from "./errors.js";
import { labelDataset } from "./label-dataset.js";
import { type PlayAgentOptions, playAgent } from "./play-agent.js";
import { serveMatches } from "./serve-matches.js";

const USAGE = `usage: --connect HOST:PORT (--entrant NAME [--tournament ID | --collection ID]
       | --task TASK [--trials M] [--envs N] [--seed S] | --label NAME) [--option name=value ...]`;

/**
 * Runs an agent by the command line of its process: as an entrant of tournaments, as a behaviour of a collection, in free play, or
 * as an expert that labels the server's dataset.
 *
 * @param args the command line's words after the program's name
 * @returns the exit code: 0 when all was played, 1 when not, 2 for a command line that it does not understand, 3 where no server answers or it
 *   went away
 */
export async function runAgent(agent: Agent, args: readonly string[]): Promise<number> {
  let command: Command | undefined;
  try {
    command = parseCommand(agent, args);
  } catch (error) {
    say(`${textOf(error)}\n${USAGE}`);
    return 2;
  }
  if (command === undefined) {
    print(USAGE);
    return 0;
  }
  try {
    const connection = await connect(command.address, undefined, say);
    try {
      if (command.play !== undefined) return await playFreely(connection, agent, command.play);
      if (command.label !== undefined) return await label(connection, agent, command.label, command.agentOptions);
      return await serve(connection, agent, command);
    } finally {
      connection.close();
    }
  } catch (error) {
    say(textOf(error));
    return error instanceof ConnectionError ? 3 : 1;
  }
}

/** Words for people; those of a server are others' words. */
const say = (text: string): void => console.error(visibleLines(text));
const print = (text: string): void => console.log(visibleLines(text));

/** What a command line asks for. */
interface Command {
  readonly address: string;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  /** Of an entrant. */
  readonly entrant: string;
  readonly tournamentId: string | undefined;
  readonly collectionId: string | undefined;
  /** Free play, if that is asked for. */
  readonly play: PlayAgentOptions | undefined;
  /** Name of the labels to make, if that is asked for. */
  readonly label: string | undefined;
}

/** The command; undefined when it is --help. Throws when it makes no sense. */
function parseCommand(agent: Agent, args: readonly string[]): Command | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connect: { type: "string", default: "127.0.0.1:50551" },
      entrant: { type: "string" },
      tournament: { type: "string" },
      collection: { type: "string" },
      task: { type: "string" },
      label: { type: "string" },
      trials: { type: "string", default: "100" },
      envs: { type: "string", default: "10" },
      seed: { type: "string", default: "0" },
      option: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const wanted = [values.entrant, values.task, values.label].filter((value) => value !== undefined);
  if (wanted.length !== 1) throw new Error("give either --entrant or --task, or --label");
  if (values.tournament !== undefined && values.collection !== undefined) {
    throw new Error("give either --tournament or --collection");
  }
  const agentOptions = optionsFromTexts(agent.options, values.option);
  resolveOptions(agent.options, agentOptions, `agent "${agent.name}"`);
  const play =
    values.task === undefined
      ? undefined
      : {
          task: values.task,
          trials: wholeNumber("--trials", values.trials),
          numEnvs: wholeNumber("--envs", values.envs),
          seed: uint64("--seed", values.seed),
          agentOptions,
        };
  return {
    address: values.connect,
    agentOptions,
    entrant: values.entrant ?? "",
    tournamentId: values.tournament,
    collectionId: values.collection,
    play,
    label: values.label,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(wholeNumberOf(text) ?? Number.NaN);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`${name} is "${text}": give a whole number of at least 1`);
}

function uint64(name: string, text: string): bigint {
  const value = uint64Of(text);
  if (value === undefined) throw new Error(`${name} is "${text}": give a whole number below 2^64`);
  return value;
}

async function serve(connection: Connection, agent: Agent, command: Command): Promise<number> {
  let failed = 0;
  await serveMatches(connection, agent, {
    entrant: command.entrant,
    tournamentId: command.tournamentId,
    collectionId: command.collectionId,
    agentOptions: command.agentOptions,
    onMatch: (opened) => say(`playing ${opened.matchId}`),
    onMatchFailed: (matchId, error) => {
      failed += 1;
      say(`${matchId}: ${error.message}`);
    },
  });
  return failed === 0 ? 0 : 1;
}

async function playFreely(connection: Connection, agent: Agent, play: PlayAgentOptions): Promise<number> {
  let regret = 0;
  const closed = await playAgent(connection, agent, {
    ...play,
    onTrialEnd: (end) => {
      regret += end.regret ?? 0;
    },
  });
  const trials = Number(closed.completeTrials);
  print(`${trials} of ${play.trials} trials, mean regret ${(regret / trials).toFixed(2)}`);
  return trials === play.trials ? 0 : 1;
}

async function label(
  connection: Connection,
  agent: Agent,
  name: string,
  agentOptions: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { trials, steps } = await labelDataset(connection, agent, { label: name, agentOptions });
  print(trials === 0 ? `labels "${name}" were there already` : `${trials} trials labelled, ${steps} steps`);
  return 0;
}

function textOf(error: unknown): string {
  return error instanceof IcrlError ? `${error.reason}: ${error.message}` : (error as Error).message;
}
