/** All objectives: a new one is a file in objectives/ and a line here. */
import type { Objective, ObjectiveKind } from "./objective.js";
import { actionsTaken } from "./objectives/ad.js";
import { bestActions } from "./objectives/dpt.js";
import { expertLabel } from "./objectives/expert.js";
import { bestActionsLaw } from "./objectives/posterior.js";

/** In the order in which they are listed. */
export const OBJECTIVES: readonly ObjectiveKind[] = [actionsTaken, bestActions, bestActionsLaw, expertLabel];

/** The objective of a name, as a training's file has it; undefined if there is none. */
export function objectiveNamed(name: string): Objective | undefined {
  for (const kind of OBJECTIVES) {
    const objective = kind.named(name);
    if (objective !== undefined) return objective;
  }
  return undefined;
}
