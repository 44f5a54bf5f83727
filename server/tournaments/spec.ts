/** A tournament's spec, checked: what is played, with every option resolved, and the id that follows from it. */
import { IcrlError } from "../../common/errors.js";
import { MAX_SEED_KEY_BYTES } from "../../common/seed-key.js";
import { hashId, type TrialSeries } from "../../common/seeds.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { checkNames, checkSchedule, checkSpecName, sortedJson } from "../matches/checked-names.js";
import { checkOptions } from "../sessions/checked-options.js";
import { envsThatFit } from "../sessions/envs-that-fit.js";
import type { Limits } from "../sessions/limits.js";
import { checkTaskCost } from "../sessions/task-cost.js";
import { curveLength } from "../tasks/curve-steps.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";
import { earlyBytesOf } from "./match-results.js";

/** A checked spec. */
export interface CheckedSpec {
  /** Derived from everything below but the key. */
  readonly id: string;
  readonly name: string;
  readonly seed: bigint;
  /** What goes into the trials' seeds beside `seed`, in lower-case hexadecimal; empty: nothing. Not in the id. */
  readonly seedKey: string;
  /** Trials of each match. */
  readonly trials: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly task: Task;
    readonly options: Readonly<Record<string, unknown>>;
    /** How many instances its trials take in turn, a divisor of `trials`; undefined: each trial has its own. */
    readonly instances?: number | undefined;
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

/** Bytes that a match keeps of a trial: regret, return, whether it is done, and two numbers about its exploration. */
const TRIAL_BYTES = 33;

/** Bytes that a match keeps of a point of its regret curve: mean and sum of squares. */
const POINT_BYTES = 16;

/** Bytes that it keeps there of each instance, where trials share them. */
const INSTANCE_POINT_BYTES = 8;

/** Bytes of a match's objects. */
const MATCH_BYTES = 4000;

/** About how many bytes a tournament keeps in memory as long as it is played. */
export function tournamentBytes({ tasks, agents, trials }: Pick<CheckedSpec, "tasks" | "agents" | "trials">): number {
  const entered = tasks.map(({ id }) => agents.filter((agent) => entersFor(agent, id)).length);
  const matches = entered.reduce((sum, count) => sum + count, 0);
  return tasks.reduce((sum, { task, instances = 0 }, i) => {
    const curve = (POINT_BYTES + INSTANCE_POINT_BYTES * instances) * curveLength(task);
    const results = TRIAL_BYTES * trials + curve + earlyBytesOf(task, trials, matches);
    return sum + task.cost.bytes + entered[i] * (MATCH_BYTES + results);
  }, 0);
}

/**
 * Checks a spec. Its seed key is empty: who knows it adds it.
 *
 * @param limits bounds of the sessions that will play it
 * @param drawSeed the seed of a spec that has none
 * @throws SPEC_INVALID if it cannot be played
 * @throws REQUEST_TOO_COSTLY if it has more matches or trials, or takes more memory, than the limits allow
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID for its tasks
 */
export function checkSpec(spec: TournamentSpec | undefined, limits: Limits, drawSeed: () => bigint): CheckedSpec {
  if (spec === undefined) throw new IcrlError("SPEC_INVALID", "no spec: send name, trials, tasks and agents");
  checkSpecName("name", spec.name);
  if (spec.trials < 1) throw new IcrlError("SPEC_INVALID", "trials is 0: give at least 1");
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
  const matches = matchesOf(spec);
  checkSchedule("matches", matches, matches * spec.trials, limits);
  const seed = spec.seed ?? drawSeed();
  const tasks = spec.tasks.map(({ id, task: family, options = {}, instances }) => {
    if (instances !== undefined) checkInstances(id, instances, spec.trials);
    const task = buildTask(family, options);
    return { id, task, options: { ...options, ...task.pinned }, instances };
  });
  const agents = spec.agents.map(({ name, agent, options, tasks }) => ({ name, agent, options: options ?? {}, tasks }));
  for (const { name, agent, options } of agents) {
    checkSpecName(`the agent of entrant "${name}"`, agent);
    checkOptions(`options of entrant "${name}"`, options);
  }
  for (const { id, task } of tasks) {
    checkTaskCost(task, limits);
    if (envsThatFit(task, limits, true) < 1)
      throw new IcrlError("SPEC_INVALID", `not one env of task "${id}" fits in a session's memory`);
  }
  const bytes = tournamentBytes({ tasks, agents, trials: spec.trials });
  if (bytes > limits.maxSessionBytes) {
    throw new IcrlError(
      "REQUEST_TOO_COSTLY",
      `${matches} matches of ${spec.trials} trials: they and their regret curves would take ${bytes} bytes of memory, at most ${limits.maxSessionBytes}`,
      { bound: "max_session_bytes", limit: limits.maxSessionBytes, asked: bytes },
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
      ...(entry.instances === undefined ? [] : ["instances", String(entry.instances)]),
    ]),
    ...agents.flatMap((entry) => [
      ...["agent", entry.name, entry.agent, sortedJson(entry.options)],
      ...entry.tasks.flatMap((task) => ["enters", task]),
    ]),
  ]);
  return { id, name: spec.name, seed, seedKey: "", trials: spec.trials, tasks, agents };
}

/** The trials of a match. What an instance is does not depend on the entrant. */
export function seriesOf({ seed, seedKey, tasks }: CheckedSpec, taskId: string, entrant: string): TrialSeries {
  const instances = tasks.find(({ id }) => id === taskId)?.instances;
  return { purpose: "tournament", seed, taskId, entrant, key: seedKey, ...(instances !== undefined && { instances }) };
}

/**
 * Sees that each instance has as many trials: a mean over the trials is one over instances then, and resamples of these have as many trials.
 * @throws SPEC_INVALID
 */
function checkInstances(id: string, instances: number, trials: number): void {
  if (instances >= 1 && trials % instances === 0) return;
  throw new IcrlError(
    "SPEC_INVALID",
    instances < 1
      ? `instances of task "${id}" is 0: give at least 1, or nothing`
      : `task "${id}" has ${instances} instances and ${trials} trials: give a multiple as trials, as each instance is played as often`,
  );
}

/** A seed key as a spec has it. @throws SPEC_INVALID if it is too long */
export function seedKeyText(key: Uint8Array): string {
  if (key.length <= MAX_SEED_KEY_BYTES) return Buffer.from(key).toString("hex");
  throw new IcrlError("SPEC_INVALID", `seed_key has ${key.length} bytes: give at most ${MAX_SEED_KEY_BYTES}`);
}

/** Matches of a spec whose names are checked. @throws SPEC_INVALID if an entrant enters for a task that there is not */
function matchesOf({ tasks, agents }: TournamentSpec): number {
  const ids = new Set(tasks.map(({ id }) => id));
  let matches = 0;
  for (const { name, tasks: entered } of agents) {
    const unknown = entered.find((task) => !ids.has(task));
    if (unknown !== undefined) {
      throw new IcrlError(
        "SPEC_INVALID",
        `entrant "${name}" enters for task "${unknown}", and the tasks are ${[...ids].join(", ")}`,
      );
    }
    matches += entered.length === 0 ? ids.size : new Set(entered).size;
  }
  return matches;
}
