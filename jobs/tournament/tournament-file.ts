/**
 * A tournament's file: YAML or JSON, {name, seed, seed_key, trials, instances, trials_each, tasks: [{id, task, options, instances, trials_each}], agents:
 * [{name, agent, command, module, options, tasks}]}.
 */
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { TaskSources } from "../../server/own-tasks/own-tasks.js";
import type { Launch } from "../launch/launch.js";
import { LAUNCH_MEMBERS, namedAgent } from "../specs/agent-launch.js";
import { specTasks } from "../specs/own-tasks.js";
import { readSpecFile, type SpecFile } from "../specs/spec-file.js";
import { AMOUNTS, amountOf, type TrialAmount } from "../specs/trial-amounts.js";

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
  const { content, members, list, text, options, seed, seedKey } = specFile;
  const launches = new Map<string, Launch>();
  const { taskOf, sources } = specTasks(specFile);
  /** No ids, as tournament.json has them of an entrant that enters for all it plays, are none too few. */
  const idsOf = (value: unknown, what: string) =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : list(value, what).map((id) => text(id, what));
  const file = members(content, "the file", ["name", "seed", "seed_key", ...AMOUNTS, "tasks", "agents"]);
  const ofAll = amountOf(specFile, file, "");
  const tasks = list(file.tasks, "tasks").map((entry, i) => {
    const what = `tasks[${i}]`;
    const task = members(entry, what, ["id", "task", "options", ...AMOUNTS_OF_TASK]);
    const says = AMOUNTS_OF_TASK.some((name) => task[name] !== undefined);
    return {
      entry: taskOf(task, what),
      amount: says ? amountOf(specFile, task, `${what}.`, ofAll?.trials) : ofAll,
      what,
    };
  });
  const spec: TournamentSpec = {
    seed: seed(file.seed),
    trials: trialsOfEach(specFile, ofAll, tasks),
    name: text(file.name, "name"),
    tasks: tasks.map(({ entry, amount }) =>
      amount?.instances === undefined ? entry : { ...entry, instances: amount.instances },
    ),
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

/** Of a task's own: its trials are as many as every other's. */
const AMOUNTS_OF_TASK = ["instances", "trials_each"] as const;

/** Trials of each match. @throws SPEC_INVALID if none are given, or one task's come to another number */
function trialsOfEach(
  { wholeNumber, invalid }: SpecFile,
  ofAll: TrialAmount | undefined,
  tasks: readonly { readonly amount: TrialAmount | undefined; readonly what: string }[],
): number {
  const trials = ofAll?.trials ?? tasks[0].amount?.trials ?? wholeNumber(undefined, "trials", 1);
  for (const { amount, what } of tasks) {
    if (amount?.trials === trials) continue;
    if (amount === undefined) return wholeNumber(undefined, "trials", 1);
    throw invalid(
      `${what} has ${amount.trials} trials, and other matches ${trials}: give each task as many, instances times trials_each`,
    );
  }
  return trials;
}
