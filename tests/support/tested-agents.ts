import { fileURLToPath } from "node:url";
import { agents } from "#icrl/agents/registry.js";
import type { Agent } from "#icrl/clients/typescript/define-agent.js";

/** A checkpoint with random weights that plays every small task; beside it, how it was made. */
export const TINY_CHECKPOINT = fileURLToPath(new URL("../fixtures/transformer/checkpoint", import.meta.url));

/** Options without which an agent does not play. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  transformer: { checkpoint: TINY_CHECKPOINT },
};

/** Every built-in agent, as it plays by default: what an agent cannot do without is a default of its options here. */
export const testedAgents: readonly Agent[] = agents.map((agent) => {
  const needed = Object.entries(NEEDED[agent.name] ?? {});
  if (needed.length === 0) return agent;
  const rows = needed.map(([name, value]) => [name, { ...agent.options[name], default: value }]);
  return { ...agent, options: { ...agent.options, ...Object.fromEntries(rows) } };
});
