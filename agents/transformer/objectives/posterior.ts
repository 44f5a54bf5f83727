/**
 * The law of the best action given the history: what DPT's best actions are on average over the instances that a history leaves possible, without the noise of a single one.
 * Source: Lee et al. (2023), arXiv 2306.14892; Lin, Bai & Mei (2023), arXiv 2310.08566.
 */
import { imitationOf } from "./imitation.js";

/** `posterior`. */
export const bestActionsLaw = imitationOf("posterior", {
  usage: "posterior",
  learns:
    "the law of the best action given the history, by the label that the expert `posterior` makes: what `dpt` learns on average, without the noise of single instances; its entropy, `target_entropy`, is the least loss that there is",
  source: "Lee et al. 2023, arXiv 2306.14892",
});
