/** docs/agents.md and one page an agent, from the registry of built-in agents. */
import { readdirSync, readFileSync } from "node:fs";
import { agents } from "../../dist/agents/registry.js";
import { documentation, notice, optionsTable, table } from "./markdown.mjs";

/** @typedef {import("../../dist/clients/typescript/define-agent.js").Agent} Agent */

/** Tasks that an agent plays, in words. */
const tasksOf = (/** @type {Agent} */ agent) => agent.tasks.map((task) => `\`${task}\``).join(", ") || "any task";

/** One agent's page. */
function page(/** @type {Agent} */ agent) {
  const found = readdirSync("agents", { recursive: true }).find((path) => `/${path}`.endsWith(`/${agent.name}.ts`));
  const file = `agents/${found}`;
  return `${notice(file)}
# ${agent.name}

${agent.summary}

- Plays: ${tasksOf(agent)}
- Source: ${agent.source}
- Version ${agent.version}, [${file}](../../${file})

## Options

${optionsTable(agent.options)}
## Algorithm

\`\`\`text
${documentation(readFileSync(file, "utf8"))}
\`\`\`
`;
}

/**
 * The pages, by path.
 *
 * @returns {Record<string, string>}
 */
export function agentPages() {
  const rows = agents.map((agent) => [`[\`${agent.name}\`](agents/${agent.name}.md)`, tasksOf(agent), agent.summary]);
  const index = `${notice("agents/")}
# Agents

Built-in agents are clients like anybody's: they know no more than the wire tells them. \`icrl agents\` lists them, \`icrl agents
NAME\` shows one. A task is named by its family or by a kind that it is of.

${table(["agent", "plays", "what it does"], rows)}`;
  return {
    "docs/agents.md": index,
    ...Object.fromEntries(agents.map((agent) => [`docs/agents/${agent.name}.md`, page(agent)])),
  };
}
