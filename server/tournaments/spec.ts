/** A tournament's spec, checked: what is played, with every option resolved, and the id that follows from it. */
import { IcrlError } from "../../common/errors.js";
import { hashId } from "../../common/seeds.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { checkNames, checkSpecName, sortedJson } from "../matches/checked-names.js";
import { checkOptions } from "../sessions/checked-options.js";
import { envsThatFit } from "../sessions/envs-that-fit.js";
import type { Limits } from "../sessions/limits.js";
import { checkTaskCost } from "../sessions/task-cost.js";
import { curveSteps } from "../tasks/curve-steps.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";

/** A checked spec. */
export interface CheckedSpec {
  /** Derived from everything below. */
  readonly id: string;
  readonly name: string;
  readonly seed: bigint;
  /** Trials of each match. */
  readonly trials: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly task: Task;
    readonly options: Readonly<Record<string, unknown>>;
  }[];
  readonly agents: readonly {
    readonly name: string;
    readonly agent: string;
    readonly options: Readonly<Record<string, unknown>>;
    /** Ids of the tasks that it enters for; empty: all that the agent plays. */
    readonly tasks: readonly string[];
  }[];
}

/** Whether an entrant enters for a task, as far as the spec says. */
export function entersFor({ tasks }: Pick<CheckedSpec["agents"][number], "tasks">, taskId: string): boolean {
  return tasks.length === 0 || tasks.includes(taskId);
}

const MAX_TRIALS = 10_000_000;

/** Numbers that a tournament keeps in memory: one a trial, and one a point of a regret curve, of every match. */
const MAX_NUMBERS = 20_000_000;

/**
 * Checks a spec.
 *
 * @param limits bounds of the sessions that will play it
 * @param drawSeed the seed of a spec that has none
 * @throws SPEC_INVALID if it cannot be played
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID, REQUEST_TOO_COSTLY for its tasks
 */
export function checkSpec(spec: TournamentSpec | undefined, limits: Limits, drawSeed: () => bigint): CheckedSpec {
  if (spec === undefined) throw new IcrlError("SPEC_INVALID", "no spec: send name, trials, tasks and agents");
  checkSpecName("name", spec.name);
  if (spec.trials < 1 || spec.trials > MAX_TRIALS) {
    throw new IcrlError("SPEC_INVALID", `trials is ${spec.trials}: give 1 to ${MAX_TRIALS}`);
  }
  checkNames(
    "tasks",
    "id",
    spec.tasks.map((task) => task.id),
  );
  checkNames(
    "agents",
    "name",
    spec.agents.map((agent) => agent.name),
  );
  const seed = spec.seed ?? drawSeed();
  const tasks = spec.tasks.map(({ id, task, options }) => ({
    id,
    task: buildTask(task, options ?? {}),
    options: options ?? {},
  }));
  const agents = spec.agents.map(({ name, agent, options, tasks }) => ({ name, agent, options: options ?? {}, tasks }));
  for (const { name, agent, options, tasks: entered } of agents) {
    checkSpecName(`the agent of entrant "${name}"`, agent);
    checkOptions(`options of entrant "${name}"`, options);
    const unknown = entered.find((task) => !tasks.some(({ id }) => id === task));
    if (unknown !== undefined) {
      const ids = tasks.map(({ id }) => id).join(", ");
      throw new IcrlError("SPEC_INVALID", `entrant "${name}" enters for task "${unknown}", and the tasks are ${ids}`);
    }
  }
  let numbers = 0;
  let matches = 0;
  for (const { id, task } of tasks) {
    checkTaskCost(task, limits);
    if (envsThatFit(task, limits, true) < 1)
      throw new IcrlError("SPEC_INVALID", `not one env of task "${id}" fits in a session's memory`);
    const entered = agents.filter((agent) => entersFor(agent, id)).length;
    numbers += entered * (spec.trials + curveSteps(task).length);
    matches += entered;
  }
  if (numbers > MAX_NUMBERS) {
    throw new IcrlError(
      "SPEC_INVALID",
      `${matches} matches of ${spec.trials} trials: they and their regret curves would be ${numbers} numbers, at most ${MAX_NUMBERS} fit in memory`,
    );
  }
  const id = hashId([
    "icrl.v1",
    "tournament",
    spec.name,
    String(seed),
    String(spec.trials),
    ...tasks.flatMap((entry) => [
      "task",
      entry.id,
      entry.task.name,
      String(entry.task.version),
      JSON.stringify(entry.task.options),
    ]),
    ...agents.flatMap((entry) => [
      ...["agent", entry.name, entry.agent, sortedJson(entry.options)],
      ...entry.tasks.flatMap((task) => ["enters", task]),
    ]),
  ]);
  return { id, name: spec.name, seed, trials: spec.trials, tasks, agents };
}
