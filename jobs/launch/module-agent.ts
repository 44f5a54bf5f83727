/** Agents in JavaScript modules: a file whose default export is what `defineAgent` of the SDK makes. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import type { OptionTable } from "../../common/options.js";
import type { ToldError } from "../processes/told-error.js";

/** What is known of an agent without its code. */
export type AgentFacts = Pick<Agent, "name" | "version" | "summary" | "source" | "tasks" | "options">;

/** Types of rows that an options table can have. */
const OPTION_TYPES = ["number", "integer", "choice", "boolean", "text"];

/**
 * Loads the agent of a module, whose code runs.
 *
 * @param file its path
 * @throws SPEC_INVALID if it cannot be loaded, or exports no agent
 */
export async function loadAgentModule(file: string): Promise<Agent> {
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IcrlError("SPEC_INVALID", `${file} cannot be loaded: ${why.split("\n")[0]}`);
  }
  const agent = exported.default;
  const problem = agentProblem(agent);
  if (problem === undefined) return agent as Agent;
  throw new IcrlError("SPEC_INVALID", `${file} ${problem}: give \`export default defineAgent({ ... })\``);
}

/** Why something is no agent, as the end of a sentence that names the module; undefined where it is one. */
function agentProblem(agent: unknown): string | undefined {
  if (typeof agent !== "object" || agent === null) return "has no default export that is an agent";
  const { name, version, summary, source, tasks, options, create } = agent as Readonly<Record<string, unknown>>;
  const missing = Object.entries({ name, version, summary, source }).find(([, text]) => typeof text !== "string");
  if (missing !== undefined) return `exports an agent whose ${missing[0]} is no text`;
  if (!Array.isArray(tasks) || !tasks.every((task) => typeof task === "string")) {
    return "exports an agent whose tasks are no list of texts";
  }
  if (typeof options !== "object" || options === null) return "exports an agent without a table of options";
  const odd = Object.entries(options).find(([, row]) => !OPTION_TYPES.includes(row?.type));
  if (odd !== undefined) return `exports an agent whose option "${odd[0]}" is no row of a table`;
  if (typeof create !== "function") return "exports an agent without a function create";
}

/** The longest that a module may take to load, in milliseconds. */
const LOAD_MS = 60_000;

/**
 * What a module's agent says of itself. Its code runs in a thread of its own, which is ended then: whatever else it begins, as a program
 * does, is not for this process.
 *
 * @throws SPEC_INVALID if it cannot be loaded, or exports no agent
 */
export async function readAgentModule(file: string): Promise<AgentFacts> {
  const thread = new Worker(new URL("./describe-module.js", import.meta.url), {
    workerData: file,
    argv: [],
    stdout: true, // neither is anybody's to read here
    stderr: true,
  });
  let late: NodeJS.Timeout | undefined;
  try {
    const told = await new Promise<AgentFacts | { readonly told: ToldError }>((resolve, reject) => {
      const fail = (why: string) => reject(new IcrlError("SPEC_INVALID", `${file} ${why}`));
      thread.once("message", resolve);
      thread.once("error", (error) => fail(`cannot be loaded: ${error.message.split("\n")[0]}`));
      thread.once("exit", (code) => fail(`ended with exit code ${code} while it was loaded`));
      late = setTimeout(() => fail(`was not loaded within ${LOAD_MS / 1000} s`), LOAD_MS);
    });
    if (!("told" in told)) return told;
    throw new IcrlError(told.told.reason ?? "SPEC_INVALID", told.told.message);
  } finally {
    clearTimeout(late);
    await thread.terminate();
  }
}

/** The facts alone of an agent, for a message. */
export function factsOf({ name, version, summary, source, tasks, options }: Agent): AgentFacts {
  const plain = JSON.parse(JSON.stringify(options)) as OptionTable; // rows are data; what else somebody put there is not sent
  return { name, version, summary, source, tasks: [...tasks], options: plain };
}
