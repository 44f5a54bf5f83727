/** The command line of an agent's process. */
import { parseArgs } from "node:util";
import { optionsFromTexts, resolveOptions } from "../../common/options.js";
import { uint64Of, wholeNumberOf } from "../../common/written-numbers.js";
import { type Credentials, givenCredentials, readCredentials } from "./credentials.js";
import type { Agent } from "./define-agent.js";

/** What there is to say to an agent's process. */
export const USAGE = `usage: --connect HOST:PORT (--entrant NAME [--tournament ID | --collection ID] [--entrant-key KEY]
       | --task TASK [--set name=value ...] [--trials M] [--envs N] [--seed S] | --label NAME)
       [--option name=value ...] [--token TOKEN] [--ca FILE|public [--cert FILE --key FILE]]
ICRL_ENTRANT_KEY in the environment is the --entrant-key that no list of processes shows, and ICRL_TOKEN the --token;
ICRL_CA, ICRL_CERT and ICRL_KEY are the others.`;

/** What a command line asks for. */
export interface AgentCommand {
  readonly address: string;
  /** What the server is shown. */
  readonly credentials: Credentials;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  /** What is to be done. */
  readonly work: MatchWork | FreeWork | LabelWork;
}

/** To serve matches of a tournament, or trials of a collection. */
export interface MatchWork {
  readonly kind: "matches";
  readonly entrant: string;
  readonly tournamentId: string | undefined;
  readonly collectionId: string | undefined;
  /** By which the server knows the entrant again. */
  readonly entrantKey: string | undefined;
}

/** To play freely. */
export interface FreeWork {
  readonly kind: "play";
  readonly task: string;
  /** Options of the task as `name=value` texts: the server has their table. */
  readonly set: readonly string[];
  readonly trials: number;
  readonly numEnvs: number;
  readonly seed: bigint;
}

/** To label the server's dataset. */
export interface LabelWork {
  readonly kind: "label";
  /** Name of the labels. */
  readonly label: string;
}

/**
 * The command; undefined when it is --help.
 *
 * @param env the process's environment
 * @throws Error if it makes no sense, OPTION_* for options that are not the agent's
 */
export function parseAgentCommand(
  agent: Agent,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): AgentCommand | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connect: { type: "string", default: "127.0.0.1:50551" },
      entrant: { type: "string" },
      tournament: { type: "string" },
      collection: { type: "string" },
      "entrant-key": { type: "string" },
      task: { type: "string" },
      label: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      trials: { type: "string", default: "100" },
      envs: { type: "string", default: "10" },
      seed: { type: "string", default: "0" },
      option: { type: "string", multiple: true, default: [] },
      token: { type: "string" },
      ca: { type: "string" },
      cert: { type: "string" },
      key: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { entrant, task, label, set } = values;
  if ([entrant, task, label].filter((value) => value !== undefined).length !== 1) {
    throw new Error("give either --entrant or --task, or --label");
  }
  if (values.tournament !== undefined && values.collection !== undefined) {
    throw new Error("give either --tournament or --collection");
  }
  if (set.length > 0 && task === undefined) throw new Error("--set is an option of the task: give it with --task");
  optionsFromTexts({}, set); // each has its "="
  const agentOptions = optionsFromTexts(agent.options, values.option);
  resolveOptions(agent.options, agentOptions, `agent "${agent.name}"`);
  const trials = wholeNumber("--trials", values.trials);
  const numEnvs = wholeNumber("--envs", values.envs);
  const seed = uint64("--seed", values.seed);
  const work: AgentCommand["work"] =
    task !== undefined
      ? { kind: "play", task, set, trials, numEnvs, seed }
      : label !== undefined
        ? { kind: "label", label }
        : {
            kind: "matches",
            entrant: entrant as string,
            tournamentId: values.tournament,
            collectionId: values.collection,
            entrantKey: values["entrant-key"] ?? (env.ICRL_ENTRANT_KEY || undefined),
          };
  const { token, ca, cert, key } = values;
  const credentials = readCredentials(givenCredentials({ token, ca, cert, key }, env));
  return { address: values.connect, credentials, agentOptions, work };
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
