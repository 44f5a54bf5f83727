/** A tournament's file: YAML or JSON, {name, seed, trials, tasks: [{id, task, options}], agents: [{name, agent, options, tasks}]}. */
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { readSpecFile } from "../specs/spec-file.js";

/**
 * Reads one. Names and options are left to the server to check.
 *
 * @throws SPEC_INVALID if it is no such file
 */
export function readTournamentFile(path: string): TournamentSpec {
  const { content, members, list, text, options, wholeNumber, seed } = readSpecFile(path);
  /** No ids, as tournament.json has them of an entrant that enters for all it plays, are none too few. */
  const idsOf = (value: unknown, what: string) =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : list(value, what).map((id) => text(id, what));
  const file = members(content, "the file", ["name", "seed", "trials", "tasks", "agents"]);
  return {
    seed: seed(file.seed),
    trials: wholeNumber(file.trials, "trials", 1),
    name: text(file.name, "name"),
    tasks: list(file.tasks, "tasks").map((entry, i) => {
      const what = `tasks[${i}]`;
      const task = members(entry, what, ["id", "task", "options"]);
      const family = text(task.task, `${what}.task`);
      return {
        id: text(task.id ?? family, `${what}.id`),
        task: family,
        options: options(task.options, `${what}.options`),
      };
    }),
    agents: list(file.agents, "agents").map((entry, i) => {
      const what = `agents[${i}]`;
      const agent = members(entry, what, ["name", "agent", "options", "tasks"]);
      const program = text(agent.agent, `${what}.agent`);
      return {
        name: text(agent.name ?? program, `${what}.name`),
        agent: program,
        options: options(agent.options, `${what}.options`),
        tasks: idsOf(agent.tasks, `${what}.tasks`),
      };
    }),
  };
}
