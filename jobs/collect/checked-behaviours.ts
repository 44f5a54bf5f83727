/** Who plays a dataset: the job's own processes, or somebody elsewhere. */
import { findAgent } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { playsTask } from "../../common/plays-task.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import { checkCollection } from "../../server/collections/spec.js";
import { computedExpert, POSTERIOR } from "../../server/labels/computed-experts.js";
import { resolveLimits } from "../../server/sessions/limits.js";
import { ORACLE_NOISE } from "../../server/tasks/oracle-noise-options.js";
import { requirePrior } from "../../server/tasks/posteriors/create-posterior.js";
import { isBuiltIn, requireAwaited, unknownAgent } from "../agents-from-elsewhere.js";
import { requireOnCommandLine } from "../launch/launch.js";
import type { AgentFacts } from "../launch/module-agent.js";
import type { ReadyLaunch } from "../launch/ready-launch.js";
import type { DatasetSpec } from "./dataset-file.js";

type Plays = Pick<AgentFacts, "options" | "tasks">;

/**
 * Checks everything that can be known to be wrong before a server is started.
 *
 * @param awaited names of behaviours that somebody else starts
 * @param ready behaviours that are not built in and that this job can start, by name
 * @returns those behaviours
 * @throws SPEC_INVALID, TASK_UNKNOWN, TASK_UNSUPPORTED, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 */
export function checkedBehaviours(
  { collection, seed, experts }: DatasetSpec,
  awaited: readonly string[],
  ready: ReadonlyMap<string, ReadyLaunch> = new Map(),
): CollectionSpec["behaviours"] {
  const limits = resolveLimits();
  const { tasks } = checkCollection({ ...collection, seed: seed ?? 0n }, limits);
  const checkPlays = (agent: Plays, options: Readonly<Record<string, unknown>>, what: string) => {
    resolveOptions(agent.options, options, what);
    const unplayed = tasks.find(({ task }) => !playsTask(agent.tasks, task.name, task.kinds));
    if (unplayed === undefined) return;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `${what} plays ${agent.tasks.join(", ")}, not task "${unplayed.id}", which is ${unplayed.task.name}: every behaviour and expert plays every task of a dataset`,
    );
  };
  for (const { name, expert, options } of experts) {
    const what = `label "${name}" (expert "${expert}")`;
    const computed = computedExpert(expert);
    checkPlays(computed === undefined ? findAgent(expert) : { ...computed, tasks: [] }, options, what);
    if (computed === POSTERIOR) for (const { task } of tasks) requirePrior(task);
  }
  requireAwaited(
    awaited,
    collection.behaviours.filter(({ agent }) => agent !== ORACLE_NOISE).map(({ name }) => name),
    "behaviours that agents play",
  );
  return collection.behaviours.filter(({ name, agent, options }) => {
    if (agent === ORACLE_NOISE) return false;
    const what = `behaviour "${name}" (agent "${agent}")`;
    const launched = ready.get(name);
    if (launched?.facts !== undefined) checkPlays(launched.facts, options ?? {}, what);
    else if (launched !== undefined) requireOnCommandLine(options ?? {}, what);
    else if (isBuiltIn(agent)) checkPlays(findAgent(agent), options ?? {}, what);
    else if (!awaited.includes(name)) throw unknownAgent(`behaviour "${name}"`, name, agent);
    return awaited.includes(name);
  });
}
