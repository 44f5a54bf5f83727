/** A collection as tests of its parts have it. */
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { type CheckedCollection, checkCollection } from "#icrl/server/collections/spec.js";
import { type LimitOptions, type Limits, resolveLimits } from "#icrl/server/sessions/limits.js";

/** Bounds as a server has them, but for some. */
export const limitsOf = (given: Partial<LimitOptions> = {}): Limits => resolveLimits(given);

/** Two tasks and two behaviours, but for some members. */
export const specOf = (members: Partial<CollectionSpec> = {}): CollectionSpec => ({
  name: "test",
  seed: 7n,
  tasks: [
    { id: "swim", task: "river-swim", options: { states: 4, horizon: 5, episodes: 3 }, trials: 6 },
    { id: "arms", task: "bernoulli-bandit", options: { arms: 3, horizon: 4 }, trials: 2 },
  ],
  behaviours: [
    { name: "random", agent: "uniform", options: {}, weight: 1 },
    { name: "guided", agent: "oracle-noise", options: { end: 0.5 }, weight: 3 },
  ],
  ...members,
});

/** The same, checked. */
export const collected = (members: Partial<CollectionSpec> = {}): CheckedCollection =>
  checkCollection(specOf(members), limitsOf());
