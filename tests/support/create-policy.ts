import type { Agent, Policy, Trial } from "#icrl/clients/typescript/define-agent.js";
import { resolveOptions } from "#icrl/common/options.js";
import { rngFromSeed } from "#icrl/common/rng.js";

/** The policy of a trial, with the options that differ from their defaults. */
export function createPolicy(
  agent: Agent,
  trial: Trial,
  given: Readonly<Record<string, unknown>>,
  seed: bigint,
): Policy {
  return agent.create(trial, resolveOptions(agent.options, given, `agent "${agent.name}"`), rngFromSeed(seed));
}
