/** docs/agents.md and one page an agent, from the registry of built-in agents. */
import { readdirSync, readFileSync } from "node:fs";
import { agents } from "../../dist/agents/registry.js";
import { STANDARD_TASKS } from "../../dist/bench/standard-tasks.js";
import { documentation, notice, optionsTable, table } from "./markdown.mjs";

/** @typedef {import("../../dist/clients/typescript/define-agent.js").Agent} Agent */
/** @typedef {{ setting: string, trials: number, mean: number, standard_error: number }} GoldenRegret */

/** Tasks that an agent plays, in words. */
const tasksOf = (/** @type {Agent} */ agent) => agent.tasks.map((task) => `\`${task}\``).join(", ") || "any task";

/** What it costs on the standard tasks, from its golden file; "" where it plays none. */
function regrets(/** @type {Agent} */ agent) {
  const golden = JSON.parse(readFileSync(`tests/golden/agents/${agent.name}.json`, "utf8"));
  if (golden.regrets.length === 0) return "";
  const rows = golden.regrets.map((/** @type {GoldenRegret} */ { setting, trials, mean, standard_error }) => {
    const known = STANDARD_TASKS.find(({ id }) => id === setting);
    const options = Object.entries(known?.options ?? {}).map(([name, value]) => `${name} ${value}`);
    const task = [`\`${known?.task}\``, options.join(", ")].filter((part) => part !== "").join(": ");
    return [setting, task, `${significant(mean)} ± ${significant(standard_error, 2)}`, String(trials)];
  });
  return `
## Regret

Cumulative regret of a trial with the options above, mean and standard error over the first trials of seed 1. A test holds it to these
figures.

${table(["setting", "task", "regret", "trials"], rows)}`;
}

const significant = (/** @type {number} */ value, digits = 4) =>
  value >= 10 ** (digits - 1) ? value.toFixed(0) : String(Number(value.toPrecision(digits)));

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
${regrets(agent)}`;
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
