/** Decision-Pretrained Transformer: the best actions. Source: Lee et al. (2023), "Supervised Pretraining Can Learn In-Context Reinforcement Learning". */
import { imitationOf } from "./imitation.js";

/** `dpt`. */
export const bestActions = imitationOf("optimal", {
  usage: "dpt",
  learns:
    "the best action, the lowest index where several are: Decision-Pretrained Transformer; `expert:best` learns them evenly, by the label that the expert `optimal` makes",
  source: "Lee et al. 2023, arXiv 2306.14892",
});
