import type { TaskDescription } from "../proto/gen/icrl/v1/task.js";

/** A task's measures as its agents are told them. */
export interface TrialShape {
  /** Name of the task's family. */
  readonly task: string;
  readonly numActions: number;
  /** Number of states where the observation is one integer; 1 for bandits. */
  readonly numStates: number;
  /** Features per arm; 0 where arms have none. */
  readonly dim: number;
  /** Whether arms are drawn anew at each step; where they are not, they are the trial's features. */
  readonly freshArms: boolean;
}

/** What of a task's description its measures follow from. */
export type DescribedSpaces = Pick<TaskDescription, "name" | "numActions" | "observationSpace" | "trialFeaturesShape">;

/** The measures of a described task. Arms are what has the shape [numActions, features]. */
export function trialShape({ name, numActions, observationSpace, trialFeaturesShape }: DescribedSpaces): TrialShape {
  const space = observationSpace?.space;
  const shown = space?.$case === "box" ? space.value.shape : [];
  const freshArms = shown.length === 2 && shown[0] === numActions;
  return {
    task: name,
    numActions,
    numStates: space?.$case === "discrete" ? space.value.n : 1,
    dim: (freshArms ? shown[1] : trialFeaturesShape[1]) ?? 0,
    freshArms,
  };
}
