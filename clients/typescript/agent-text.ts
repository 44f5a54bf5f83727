import { optionsText } from "../../common/options-text.js";
import type { Agent } from "./define-agent.js";

/** An agent for people: who it is, what it plays, and its options. Ends with a newline. */
export function agentText(agent: Agent): string {
  return [
    `${agent.name} (version ${agent.version})`,
    agent.summary,
    `Source: ${agent.source}`,
    `Plays: ${agent.tasks.length === 0 ? "any task" : agent.tasks.join(", ")}`,
    "",
    optionsText(agent.options),
  ].join("\n");
}
