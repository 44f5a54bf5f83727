/** A collection's spec, checked: tasks and behaviours with their options resolved, and the id that follows from them. */
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { hashId } from "../../common/seeds.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import { checkNames, checkSchedule, checkSpecName, sortedJson } from "../matches/checked-names.js";
import { checkOptions } from "../sessions/checked-options.js";
import { envsThatFit } from "../sessions/envs-that-fit.js";
import type { Limits } from "../sessions/limits.js";
import { checkTaskCost } from "../sessions/task-cost.js";
import { ORACLE_NOISE, ORACLE_NOISE_OPTIONS } from "../tasks/oracle-noise-options.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";

/** A task of a collection. */
export interface CollectedTask {
  readonly id: string;
  readonly task: Task;
  /** As given. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly trials: number;
  /** How many instances its trials take in turn; undefined: each has its own. */
  readonly instances?: number | undefined;
}

/** A part of the mixture. */
export interface CheckedBehaviour {
  readonly name: string;
  readonly agent: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Positive. */
  readonly weight: number;
}

/** A checked spec. */
export interface CheckedCollection {
  /** Derived from everything below but the numbers of trials: a collection can be made longer. */
  readonly id: string;
  readonly name: string;
  readonly seed: bigint;
  readonly tasks: readonly CollectedTask[];
  readonly behaviours: readonly CheckedBehaviour[];
}

/** Bytes of a part's objects. */
const PART_BYTES = 4000;

/** About how many bytes a collection keeps in memory as long as it is played: who plays each trial, and what is left to play. */
export function collectionBytes({ tasks, behaviours }: Pick<CheckedCollection, "tasks" | "behaviours">): number {
  const perTask = tasks.map(({ task, trials }) => task.cost.bytes + 6 * trials + PART_BYTES * behaviours.length);
  return perTask.reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * Checks a spec.
 *
 * @param limits bounds of the sessions that will play it
 * @throws SPEC_INVALID if it cannot be played
 * @throws REQUEST_TOO_COSTLY if it has more parts or trials, or takes more memory, than the limits allow
 * @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID for its tasks and for oracle-noise
 */
export function checkCollection(spec: CollectionSpec | undefined, limits: Limits): CheckedCollection {
  if (spec === undefined) throw new IcrlError("SPEC_INVALID", "no spec: send name, seed, tasks and behaviours");
  checkSpecName("name", spec.name);
  checkNames(
    "tasks",
    "id",
    spec.tasks.map(({ id }) => id),
  );
  checkNames(
    "behaviours",
    "name",
    spec.behaviours.map(({ name }) => name),
  );
  const trials = spec.tasks.reduce((sum, task) => sum + task.trials, 0);
  checkSchedule("parts", spec.tasks.length * spec.behaviours.length, trials, limits);
  const tasks = spec.tasks.map(({ id, task: family, options = {}, trials, instances }) => {
    if (trials < 1) throw new IcrlError("SPEC_INVALID", `trials of task "${id}" is 0: give at least 1`);
    if (instances === 0)
      throw new IcrlError("SPEC_INVALID", `instances of task "${id}" is 0: give at least 1, or nothing`);
    const task = buildTask(family, options);
    checkTaskCost(task, limits);
    if (envsThatFit(task, limits, true) < 1) {
      throw new IcrlError("SPEC_INVALID", `not one whole trial of task "${id}" fits in a session's memory`);
    }
    return { id, task, options: { ...options, ...task.pinned }, trials, instances };
  });
  const behaviours = spec.behaviours.map(({ name, agent, options = {}, weight }) => {
    checkSpecName(`the agent of behaviour "${name}"`, agent);
    checkOptions(`options of behaviour "${name}"`, options);
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new IcrlError("SPEC_INVALID", `weight of behaviour "${name}" is ${weight}: give a positive number`);
    }
    const resolved =
      agent === ORACLE_NOISE ? resolveOptions(ORACLE_NOISE_OPTIONS, options, `behaviour "${name}"`) : options;
    return { name, agent, options: resolved, weight };
  });
  const bytes = collectionBytes({ tasks, behaviours });
  if (bytes > limits.maxSessionBytes) {
    throw new IcrlError(
      "REQUEST_TOO_COSTLY",
      `${trials} trials in ${tasks.length * behaviours.length} parts would take ${bytes} bytes of memory, at most ${limits.maxSessionBytes}`,
      { bound: "max_session_bytes", limit: limits.maxSessionBytes, asked: bytes },
    );
  }
  const id = hashId([
    "icrl.v1",
    "collection",
    spec.name,
    String(spec.seed),
    ...tasks.flatMap((entry) => [
      ...["task", entry.id, entry.task.name, JSON.stringify(entry.task.options)],
      ...(entry.instances === undefined ? [] : ["instances", String(entry.instances)]),
    ]),
    ...behaviours.flatMap((entry) => [
      "behaviour",
      entry.name,
      entry.agent,
      sortedJson(entry.options),
      String(entry.weight),
    ]),
  ]);
  return { id, name: spec.name, seed: spec.seed, tasks, behaviours };
}
