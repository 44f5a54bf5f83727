/** Algorithm Distillation: the actions that were taken. Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation". */
import type { ObjectiveKind } from "../objective.js";
import { imitation } from "./imitation.js";

const OBJECTIVE = imitation("ad", "self");

/** `ad`. */
export const actionsTaken: ObjectiveKind = {
  usage: OBJECTIVE.name,
  learns: "the action that was taken: Algorithm Distillation",
  source: "Laskin et al. 2022, arXiv 2210.14215",
  named: (name) => (name === OBJECTIVE.name ? OBJECTIVE : undefined),
};
