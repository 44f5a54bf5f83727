import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";

/** Two bandits and two behaviours whose laws are known: what the ratio's command is tested on. */
export const BANDITS: CollectionSpec = {
  name: "bandits",
  seed: 3n,
  tasks: [
    { id: "short", task: "bernoulli-bandit", options: { arms: 2, horizon: 4 }, trials: 12 },
    { id: "long", task: "bernoulli-bandit", options: { arms: 3, horizon: 12 }, trials: 12 },
  ],
  behaviours: [
    { name: "coin", agent: "uniform", options: {}, weight: 3 },
    { name: "sampler", agent: "thompson", options: {}, weight: 1 },
  ],
};
