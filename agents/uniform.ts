import { defineAgent } from "../clients/typescript/define-agent.js";

/**
 * Uniform play: every action with probability 1 / A, at every step. Learns nothing; the yardstick for everybody else.
 *
 * Shapes: A actions. Memory O(1); time O(1) an action.
 */
export const uniform = defineAgent({
  name: "uniform",
  version: "1",
  summary: "Plays every action with equal probability.",
  source: "The baseline of every comparison.",
  tasks: [],
  options: {},
  create({ numActions }, _options, rng) {
    return {
      propensity: 1 / numActions,
      act: () => rng.integer(numActions),
      probabilities: (_turn, target) => target.fill(1 / numActions),
    };
  },
});
