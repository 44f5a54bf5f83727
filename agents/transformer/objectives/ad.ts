/** Algorithm Distillation: the actions that were taken. Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation". */
import { imitationOf } from "./imitation.js";

/** `ad`. */
export const actionsTaken = imitationOf("self", {
  usage: "ad",
  learns: "the action that was taken: Algorithm Distillation",
  source: "Laskin et al. 2022, arXiv 2210.14215",
});
