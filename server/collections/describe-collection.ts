/** A collection as the wire shows it. */
import { CollectionState, type Collection as WireCollection } from "../../proto/gen/icrl/v1/collection.js";
import type { Collection } from "./collection.js";

const STATES: Readonly<Record<Collection["state"], CollectionState>> = {
  running: CollectionState.RUNNING,
  finished: CollectionState.FINISHED,
  failed: CollectionState.FAILED,
  cancelled: CollectionState.CANCELLED,
};

/** Its state now. */
export function describeCollection({ spec, parts, state }: Collection): WireCollection {
  return {
    id: spec.id,
    spec: {
      name: spec.name,
      seed: spec.seed,
      tasks: spec.tasks.map(({ task, ...entry }) => ({ ...entry, task: task.name })),
      behaviours: spec.behaviours.map(({ name, agent, options, weight }) => ({ name, agent, options, weight })),
    },
    state: STATES[state],
    parts: parts.map((part) => ({
      taskId: part.task.id,
      behaviour: part.behaviour.name,
      completeTrials: part.completeTrials,
      trials: part.trials,
      steps: BigInt(part.steps),
      failureReason: part.failureReason ?? "",
      maxSteps: BigInt(part.trials * part.task.task.horizon * part.task.task.episodes),
    })),
  };
}
