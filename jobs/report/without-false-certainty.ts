import type { AgentJson, MeanJson, ResultsJson } from "../tournament/results.js";
import type { StoredResults } from "./results-schema.js";

/** Results as they are; those of schema version 1 without the standard errors and intervals of one trial, which had no width there. */
export function withoutFalseCertainty(results: StoredResults): ResultsJson {
  const leaderboard = results.leaderboard.map((entry) => {
    const agents = results.tasks.find(({ id }) => id === entry.task)?.agents;
    const { trials = 0, forfeits = 0 } = agents?.find(({ name }) => name === entry.name) ?? {};
    return { trials, forfeits, ...entry };
  });
  if (results.schema_version > 1) return { ...results, leaderboard };
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
  const tasks = results.tasks.map((task) => ({ ...task, agents: task.agents.map(corrected) }));
  return { ...results, tasks, leaderboard };
}
