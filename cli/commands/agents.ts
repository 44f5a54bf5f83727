/** `icrl agents [NAME]`: the built-in agents. */
import { Command } from "commander";
import { agents, findAgent } from "../../agents/registry.js";
import { agentText } from "../../clients/typescript/agent-text.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { printJson } from "../print/json.js";
import { printText } from "../print/terminal.js";
import { optionsJson } from "./describe.js";

/** The command. */
export function agentsCommand(): Command {
  return new Command("agents")
    .description("List the built-in agents, or describe one with its options.")
    .argument("[name]", "an agent")
    .option("--json", "print JSON: [{name, version, summary, source, tasks, options}]; one object with a name")
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      if (name !== undefined) {
        const agent = findAgent(name);
        if (json) printJson(process.stdout, agentJson(agent));
        else printText(process.stdout, agentText(agent));
      } else if (json) printJson(process.stdout, agents.map(agentJson));
      else for (const agent of agents) printText(process.stdout, `${agent.name.padEnd(16)}${agent.summary}\n`);
    });
}

function agentJson(agent: Agent): Record<string, unknown> {
  const { name, version, summary, source, tasks } = agent;
  return { name, version, summary, source, tasks, options: optionsJson(agent.options) };
}
