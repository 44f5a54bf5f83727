/** Who plays a dataset: the job's own processes, or somebody elsewhere. */
import { findAgent } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { playsTask } from "../../common/plays-task.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import { ORACLE_NOISE } from "../../server/collections/oracle-noise-options.js";
import { checkCollection } from "../../server/collections/spec.js";
import { resolveLimits } from "../../server/sessions/limits.js";
import { isBuiltIn, requireAwaited, unknownAgent } from "../agents-from-elsewhere.js";
import type { DatasetSpec } from "./dataset-file.js";

/**
 * Checks everything that can be known to be wrong before a server is started.
 *
 * @param awaited names of behaviours that somebody else starts
 * @returns those behaviours
 * @throws SPEC_INVALID, TASK_UNKNOWN, TASK_UNSUPPORTED, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 */
export function checkedBehaviours(
  { collection, seed, experts }: DatasetSpec,
  awaited: readonly string[],
): CollectionSpec["behaviours"] {
  const limits = resolveLimits();
  const { tasks } = checkCollection({ ...collection, seed: seed ?? 0n }, limits);
  const checkPlays = (name: string, options: Readonly<Record<string, unknown>>, what: string) => {
    const agent = findAgent(name);
    resolveOptions(agent.options, options, what);
    const unplayed = tasks.find(({ task }) => !playsTask(agent.tasks, task.name, task.kinds));
    if (unplayed === undefined) return;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `${what} plays ${agent.tasks.join(", ")}, not task "${unplayed.id}", which is ${unplayed.task.name}: every behaviour and expert plays every task of a dataset`,
    );
  };
  for (const { name, expert, options } of experts) checkPlays(expert, options, `label "${name}" (expert "${expert}")`);
  requireAwaited(
    awaited,
    collection.behaviours.filter(({ agent }) => agent !== ORACLE_NOISE).map(({ name }) => name),
    "behaviours that agents play",
  );
  return collection.behaviours.filter(({ name, agent, options }) => {
    if (agent === ORACLE_NOISE) return false;
    if (isBuiltIn(agent)) checkPlays(agent, options ?? {}, `behaviour "${name}" (agent "${agent}")`);
    else if (!awaited.includes(name)) throw unknownAgent(`behaviour "${name}"`, name, agent);
    return awaited.includes(name);
  });
}
