/** A tournament's file: YAML or JSON, {name, seed, seed_key, trials, tasks: [{id, task, options}], agents: [{name, agent, command, module, options, tasks}]}. */
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { TaskSources } from "../../server/own-tasks/own-tasks.js";
import type { Launch } from "../launch/launch.js";
import { LAUNCH_MEMBERS, namedAgent } from "../specs/agent-launch.js";
import { specTasks } from "../specs/own-tasks.js";
import { readSpecFile } from "../specs/spec-file.js";

/** What a tournament's file says. */
export interface TournamentFile {
  readonly spec: TournamentSpec;
  /** What goes into its trials' seeds beside the seed, in hexadecimal; empty: nothing. Absent: it is for others to say. */
  readonly seedKey: string | undefined;
}

/** Files from elsewhere say how their agents are started, too. */
export interface LaunchingFile extends TournamentFile {
  /** By name, the entrants that are not built in and that the file says how to start. What a module's agent is called it tells when it is read; until then it is called as the entrant. */
  readonly launches: ReadonlyMap<string, Launch>;
  /** Where tasks of its author's own are; those of modules are called by their paths in the spec. */
  readonly taskSources: TaskSources;
}

/**
 * Reads one. Names and options are left to the server to check.
 *
 * @throws SPEC_INVALID if it is no such file
 */
export function readTournamentFile(path: string): LaunchingFile {
  const specFile = readSpecFile(path);
  const { content, members, list, text, options, wholeNumber, seed, seedKey } = specFile;
  const launches = new Map<string, Launch>();
  const { taskOf, sources } = specTasks(specFile);
  /** No ids, as tournament.json has them of an entrant that enters for all it plays, are none too few. */
  const idsOf = (value: unknown, what: string) =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : list(value, what).map((id) => text(id, what));
  const file = members(content, "the file", ["name", "seed", "seed_key", "trials", "tasks", "agents"]);
  const spec: TournamentSpec = {
    seed: seed(file.seed),
    trials: wholeNumber(file.trials, "trials", 1),
    name: text(file.name, "name"),
    tasks: list(file.tasks, "tasks").map((entry, i) => {
      const what = `tasks[${i}]`;
      return taskOf(members(entry, what, ["id", "task", "options"]), what);
    }),
    agents: list(file.agents, "agents").map((entry, i) => {
      const what = `agents[${i}]`;
      const agent = members(entry, what, ["name", "agent", ...LAUNCH_MEMBERS, "options", "tasks"]);
      const { name, agent: program, launch } = namedAgent(specFile, agent, what);
      if (launch !== undefined) launches.set(name, launch);
      return {
        name,
        agent: program,
        options: options(agent.options, `${what}.options`),
        tasks: idsOf(agent.tasks, `${what}.tasks`),
      };
    }),
  };
  return { spec, seedKey: seedKey(file.seed_key), launches, taskSources: sources() };
}
