import type { DescribedSpaces } from "../../common/trial-shape.js";
import type { ObservationSpace } from "../../proto/gen/icrl/v1/task.js";
import type { ObservationSpaceEntry, TaskHead } from "./dataset-manifest.js";

/** A task of a manifest as the wire describes it, as far as its measures (trialShape) ask. */
export function describedTask(head: TaskHead): DescribedSpaces {
  return {
    name: head.task,
    numActions: head.num_actions,
    observationSpace: describedSpace(head.observation_space),
    trialFeaturesShape: [...head.trial_features_shape],
  };
}

function describedSpace({ type, n = 1, shape = [] }: ObservationSpaceEntry): ObservationSpace {
  if (type === "none") return { space: { $case: "none", value: {} } };
  if (type === "discrete") return { space: { $case: "discrete", value: { n } } };
  return { space: { $case: "box", value: { shape: [...shape] } } };
}
