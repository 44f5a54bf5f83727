import type { AgentJson, MeanJson, ResultsJson } from "../results.js";

/** Results as they are; those of schema version 1 without the standard errors and intervals of one trial, which had no width there. */
export function withoutFalseCertainty(results: ResultsJson): ResultsJson {
  if (results.schema_version > 1) return results;
  const unknown = <M extends MeanJson>(mean: M): M => ({
    ...mean,
    se: null,
    ...("ci95" in mean ? { ci95: null } : {}),
  });
  const corrected = (agent: AgentJson): AgentJson => {
    const { trials, forfeits, curve } = agent;
    return {
      ...agent,
      ...(trials < 2 ? { regret: unknown(agent.regret), curve: { ...curve, se: curve.se.map(() => null) } } : {}),
      return: agent.return !== null && trials - forfeits < 2 ? unknown(agent.return) : agent.return,
    };
  };
  return { ...results, tasks: results.tasks.map((task) => ({ ...task, agents: task.agents.map(corrected) })) };
}
