/** Supervised pretraining: what an expert says, by its label. Source: Lin, Bai & Mei (2023), "Transformers as Decision Makers", section 3. */
import type { ObjectiveKind } from "../objective.js";
import { imitation } from "./imitation.js";

const PREFIX = "expert:";

/** `expert:NAME`, of every label. */
export const expertLabel: ObjectiveKind = {
  usage: "expert:NAME",
  learns:
    "the label NAME of the dataset: another expert's probabilities where it gave any (`soft_targets`), else its actions",
  source: "Lin, Bai & Mei 2023",
  named(name) {
    const label = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : "";
    return label === "" ? undefined : imitation(name, label);
  },
};
