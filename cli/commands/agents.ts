/** `icrl agents [NAME]`: the built-in agents. */
import { Command } from "commander";
import { agents } from "../../agents/registry.js";
import { agentText } from "../../clients/typescript/agent-text.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { agentNamed } from "../../jobs/launch/agent-named.js";
import { printerFor } from "../print/printer.js";
import { optionsJson } from "./describe.js";

/** The command. */
export function agentsCommand(): Command {
  return new Command("agents")
    .description("List the built-in agents, or describe one with its options.")
    .argument("[name]", "an agent, or the path of a JavaScript module whose default export is one")
    .option("--json", "print JSON: [{name, version, summary, source, tasks, options}]; one object with a name")
    .action(async (name: string | undefined, flags: { json?: boolean }) => {
      if (name !== undefined) printerFor(flags).print(await agentNamed(name), agentText, agentJson);
      else printerFor(flags).print(agents, agentsText, (all) => all.map(agentJson));
    });
}

const agentsText = (all: readonly Agent[]): string =>
  all.map(({ name, summary }) => `${name.padEnd(16)}${summary}\n`).join("");

function agentJson(agent: Agent): Record<string, unknown> {
  const { name, version, summary, source, tasks } = agent;
  return { name, version, summary, source, tasks, options: optionsJson(agent.options) };
}
