/** docs/tasks.md, from the registry of task families. */
import { readdirSync, readFileSync } from "node:fs";
import { TASKS } from "../../dist/server/tasks/registry.js";
import { documentation, notice, optionsTable } from "./markdown.mjs";

/** One family's section. */
function section(/** @type {import("../../dist/server/tasks/task.js").TaskFamily} */ family) {
  const found = readdirSync("server/tasks", { recursive: true }).find((path) =>
    `/${path}`.endsWith(`/${family.name}.ts`),
  );
  const file = `server/tasks/${found}`;
  return `## ${family.name}

${family.summary} (version ${family.version}; [${file}](../${file}))

${optionsTable(family.options)}
\`\`\`text
${documentation(readFileSync(file, "utf8"))}
\`\`\`
`;
}

/** The page. */
export function tasksPage() {
  return `${notice("server/tasks/")}
# Tasks

\`icrl tasks\` lists these families, \`icrl tasks NAME\` shows one; over the wire, ListTasks and GetTask do. Options that are not
given have their defaults. The same seeds and actions give the same trajectory, bit for bit, as long as a family's version stays.

Regret is pseudo-regret, computed by the server from the truth, without the reward noise. Of a bandit's step: the largest mean among
the arms of that step minus the mean of the arm played. Of an MDP's step in state s with g steps to go: \`V*(s) - Q*(s, a)\`, both for
g steps to go; summed over an episode its expectation is what the policy loses against the best one from the start. Trials that
were cut short have no regret.

${TASKS.map(section).join("\n")}`;
}
