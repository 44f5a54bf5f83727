/** Agents as a command line names them: built-in ones by name, others by the path of their module. */
import { extname } from "node:path";
import { findAgent } from "../../agents/registry.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { loadAgentModule } from "./module-agent.js";

/** Whether a word is the path of a module: built-in names have neither slash nor ending. */
const isModulePath = (word: string): boolean => /[/\\]/.test(word) || /^\.[cm]?js$/.test(extname(word));

/** The agent that a word of a command line names: a built-in one, or that of a module. @throws AGENT_UNKNOWN, SPEC_INVALID */
export async function agentNamed(word: string): Promise<Agent> {
  return isModulePath(word) ? loadAgentModule(word) : findAgent(word);
}
