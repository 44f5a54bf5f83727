/** What the manifest says of a collection that does not follow from its files. */
import type { DatasetHead, TaskHead } from "../../datasets/folder/dataset-manifest.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import type { CheckedCollection } from "../../server/collections/spec.js";
import type { Task } from "../../server/tasks/task.js";
import { VERSIONS } from "../processes/versions.js";
import { specJson } from "./collecting-folder.js";
import type { DatasetSpec } from "./dataset-file.js";

/** The head of a dataset that was collected. */
export function datasetHead(
  spec: DatasetSpec,
  collection: CollectionSpec,
  { id, tasks, behaviours }: CheckedCollection,
): Omit<DatasetHead, "subsample"> {
  return {
    name: collection.name,
    id,
    made_by: "collect",
    made_with: {},
    spec: specJson(spec, collection.seed),
    seed: String(collection.seed),
    license: null,
    versions: VERSIONS,
    behaviours: behaviours.map(({ name, agent, options, weight }) => ({ name, agent, options, weight })),
    tasks: tasks.map(({ id: taskId, task }) => taskHead(taskId, task)),
    sources: [],
  };
}

/** The space, without bounds: a dataset's are those of its data. */
function spaceEntry({ observationSpace: space }: Task): TaskHead["observation_space"] {
  return space.type === "box" ? { type: space.type, shape: space.shape } : space;
}

function taskHead(id: string, task: Task): TaskHead {
  const { kind, min, max, noiseStd } = task.reward;
  return {
    id,
    task: task.name,
    options: task.options,
    num_actions: task.numActions,
    horizon: task.horizon,
    episodes_per_trial: task.episodes,
    observation_space: spaceEntry(task),
    trial_features_shape: task.trialFeaturesShape,
    reward: {
      kind,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(noiseStd !== undefined && { noise_std: noiseStd }),
    },
  };
}
