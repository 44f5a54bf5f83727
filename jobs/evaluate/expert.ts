/** Whom a model is compared with: an agent, or what the tasks themselves say. */
import { agents, findAgent } from "../../agents/registry.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { OptionTable } from "../../common/options.js";
import { computedExpert, OPTIMAL, POSTERIOR } from "../../server/labels/computed-experts.js";
import { ORACLE_NOISE, ORACLE_NOISE_OPTIONS } from "../../server/tasks/oracle-noise-options.js";
import type { AgentEntry } from "./evaluation-json.js";

/** One that can be compared with. */
export interface Comparable {
  readonly name: string;
  readonly options: OptionTable;
  /** Undefined of who needs the truth: the server plays it, and no tournament knows it. */
  readonly agent: Agent | undefined;
}

/**
 * An expert by its name: a built-in agent, `optimal` or `oracle-noise`.
 *
 * @throws AGENT_UNKNOWN if there is none, or nobody plays it
 */
export function expertNamed(name: string): Comparable {
  const computed = computedExpert(name);
  if (computed === POSTERIOR) {
    throw new IcrlError(
      "AGENT_UNKNOWN",
      `"${name}" is a law that nobody plays: thompson and lin-thompson take their actions from it, with the prior of their tasks`,
      { agent: name },
    );
  }
  if (computed !== undefined) return { ...computed, agent: undefined };
  return played(name, [OPTIMAL.name, ORACLE_NOISE]);
}

/** A behaviour by its name: a built-in agent or `oracle-noise`. @throws AGENT_UNKNOWN */
export function behaviourNamed(name: string): Comparable {
  if (name === ORACLE_NOISE) return { name, options: ORACLE_NOISE_OPTIONS, agent: undefined };
  return played(name, [ORACLE_NOISE]);
}

function played(name: string, others: readonly string[]): Comparable {
  const names = [...agents.map((agent) => agent.name), ...others];
  if (!names.includes(name)) {
    const hint = didYouMean(name, names) || `: there are ${names.join(", ")}`;
    throw new IcrlError("AGENT_UNKNOWN", `there is no agent "${name}"${hint}`, { agent: name });
  }
  const agent = findAgent(name);
  return { name, options: agent.options, agent };
}

/** Who plays as an expert does: the best actions are those of `oracle-noise` without noise. */
export const playerOf = (expert: AgentEntry): AgentEntry =>
  expert.agent === OPTIMAL.name ? { agent: ORACLE_NOISE, options: { start: 0, end: 0 } } : expert;
